//! Each published example is read as the type that its folder names. Its output equals the input.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::support::definitions::{self, Definition, same};

/// Unknown members of examples, by file, with the reason. They are kept.
const STRAY: [(&str, &str, &str); 1] = [(
    "ListRootsRequest/list-roots-request.json",
    "id",
    "what is asked for within a result is no JSON-RPC request any more, and has no id",
)];

#[test]
fn examples_print_back() {
    let Some(folder) = folder() else {
        // Not `eprintln!`, which the harness captures.
        let skipped = "SKIPPED: no published examples at hand: set MCP_EXAMPLES to their folder";
        return writeln!(io::stderr(), "{skipped}").unwrap();
    };
    let revision = folder.file_name().unwrap().to_string_lossy().into_owned();
    let definitions = definitions::of(&revision);
    let files = files(&folder);
    let complaints: Vec<_> = files
        .iter()
        .filter_map(|file| {
            check(&folder, file, definitions).err().map(|why| format!("{file}: {why}"))
        })
        .collect();
    let (all, bad) = (files.len(), complaints.len());
    println!("{} of {all} examples of {revision} survive; stray members that are kept:", all - bad);
    for (file, member, reason) in STRAY {
        println!("    {file}: `{member}`: {reason}");
    }
    assert!(all > 0, "no examples in {}", folder.display());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Returns the folder in `MCP_EXAMPLES`, or else the folder beside the workspace, if it exists.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("MCP_EXAMPLES") {
        return Some(folder.into());
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = workspace.join("../shared/mcp-spec/examples/2026-07-28");
    folder.exists().then_some(folder)
}

/// Returns the examples, as `<definition>/<file>`.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for definition in fs::read_dir(folder).unwrap() {
        let definition = definition.unwrap();
        for file in fs::read_dir(definition.path()).unwrap() {
            let names = [definition.file_name(), file.unwrap().file_name()];
            files.push(names.map(|name| name.to_string_lossy().into_owned()).join("/"));
        }
    }
    files.sort();
    files
}

fn check(folder: &Path, file: &str, definitions: &[Definition]) -> Result<(), String> {
    let text = fs::read_to_string(folder.join(file)).map_err(|error| error.to_string())?;
    let (name, _) = file.split_once('/').unwrap_or_default();
    let definition = definitions.iter().find(|definition| definition.name == name);
    let definition = definition.ok_or("the definition has no Rust type")?;
    let passed = (definition.pass)(&text)?;
    if passed.shown.contains("Unknown(") {
        return Err(format!("not in a variant of its own: {}", passed.shown));
    }
    let stray = STRAY.iter().find(|(stray, _, _)| *stray == file).map(|(_, member, _)| *member);
    if strays(&passed.shown).ne(stray) {
        return Err(format!("stray members: {}", passed.shown));
    }
    let value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match same(&passed.printed, &value) {
        true => Ok(()),
        false => Err(format!("prints back as {}", passed.printed)),
    }
}

/// Returns the first member of each `extra` that is not empty.
fn strays(shown: &str) -> impl Iterator<Item = &str> {
    shown.split("extra: {\"").skip(1).filter_map(|rest| rest.split('"').next())
}
