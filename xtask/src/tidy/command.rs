//! The command `cargo xtask tidy`.

use std::path::{self, Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{
    complaint::Complaint,
    headers,
    rooms::{self, Exception},
    sources, words,
};
use crate::files;

/// Files and folders that are checked for words.
const WITH_WORDS: &[&str] = &[
    ".ci/real-servers",
    ".ci/run",
    "ARCHITECTURE.md",
    "BENCHMARKS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "adapters",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "schema/docs.toml",
    "tests",
    "xtask",
];

/// Files that may hold any words.
const ANY_WORDS: &[&str] = &[
    // Entries of the past stay as they are.
    "CHANGELOG.md",
    // The list of words to avoid.
    "xtask/src/tidy/words.rs",
];

/// Imports against the order of modules that are allowed, with the reason.
const EXCEPTIONS: &[Exception] = &[Exception {
    from: "crates/relay/src/call/tool.rs",
    to: "crates/relay/src/call/interceptor.rs",
    reason: "interceptors stand around a tool's calls, and the call that they see holds the tool",
}];

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print the complaints by rule, and do not fail.
    #[arg(long)]
    report: bool,
    /// Check modules and words of these files and folders only. Defaults to the whole workspace.
    paths: Vec<PathBuf>,
}

/// Fails if a file breaks a rule; the error has a line for each complaint.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut complaints = Vec::new();
    if options.paths.is_empty() {
        complaints.extend(check_workspace(files::root())?);
    }
    for path in &options.paths {
        let path = path::absolute(path)?;
        let root = root_of(&path)?;
        if has_order(root, &path) {
            complaints.extend(check_modules(root, &path)?);
        }
        complaints.extend(check_words(root, &path)?);
    }
    if options.report {
        print!("{}", report(complaints));
        return Ok(());
    }
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    ensure!(lines.is_empty(), "{}", lines.join("\n"));
    Ok(())
}

/// Checks the whole workspace.
fn check_workspace(root: &Path) -> Result<Vec<Complaint>> {
    let mut complaints = headers::check(root)?;
    for folder in crates(root)? {
        complaints.extend(check_modules(root, &folder)?);
    }
    for path in WITH_WORDS {
        complaints.extend(check_words(root, &root.join(path))?);
    }
    Ok(complaints)
}

fn check_modules(root: &Path, folder: &Path) -> Result<Vec<Complaint>> {
    let sources = sources::read(root, &folder.join("src"), &["rs"])?;
    rooms::check(folder.strip_prefix(root).unwrap_or(folder), &sources, EXCEPTIONS)
}

fn check_words(root: &Path, path: &Path) -> Result<Vec<Complaint>> {
    let mut sources = sources::read(root, path, &["md", "rs", "toml"])?;
    sources.retain(|file, _| !ANY_WORDS.iter().any(|except| file.starts_with(except)));
    Ok(words::check(&sources))
}

/// Returns true for the folder of a crate with an order of modules.
fn has_order(root: &Path, folder: &Path) -> bool {
    folder == root.join("xtask") || folder.parent() == Some(&root.join("crates"))
}

/// The folders of all crates that have an order of modules.
fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![root.join("xtask")];
    for entry in root.join("crates").read_dir()? {
        folders.push(entry?.path());
    }
    folders.sort();
    Ok(folders)
}

/// The root of the workspace that contains a path, which may be another checkout.
fn root_of(path: &Path) -> Result<&Path> {
    path.ancestors()
        .find(|folder| folder.join("xtask/Cargo.toml").is_file())
        .with_context(|| format!("{} is in no workspace with xtask", path.display()))
}

/// The complaints under the heading of their rule, with counts.
fn report(mut complaints: Vec<Complaint>) -> String {
    complaints.sort();
    let mut text = String::new();
    for rule in complaints.chunk_by(|one, two| one.rule == two.rule) {
        let title = rule.first().map_or("", |complaint| complaint.rule.title());
        text += &format!("\n{title}: {}\n", rule.len());
        for complaint in rule {
            text += &format!("  {complaint}\n");
        }
    }
    text + &format!("\n{} complaints\n", complaints.len())
}

#[cfg(test)]
mod tests {
    use super::{super::complaint::Rule, *};

    #[test]
    fn report_groups_complaints_by_rule() {
        let complaint = |rule, line| Complaint {
            rule,
            file: "crates/a/src/lib.rs".into(),
            line,
            message: "message".to_owned(),
        };
        let complaints =
            vec![complaint(Rule::Word, 2), complaint(Rule::Face, 7), complaint(Rule::Word, 1)];
        let expected = "
lib.rs and mod.rs hold only docs, \"mod\" and \"use\" lines: 1
  crates/a/src/lib.rs:7: message

comments, documents and messages are in plain words: 2
  crates/a/src/lib.rs:1: message
  crates/a/src/lib.rs:2: message

3 complaints
";
        assert_eq!(report(complaints), expected);
        assert_eq!(report(Vec::new()), "\n0 complaints\n");
    }

    #[test]
    fn root_is_found_from_a_path() {
        let root = files::root();
        assert_eq!(root_of(&root.join("crates/relay/src")).unwrap(), root);
        assert_eq!(root_of(&root.join("README.md")).unwrap(), root);
        assert!(root_of(Path::new("/")).is_err());
    }

    #[test]
    fn the_workspace_is_tidy() {
        run(&Options { report: false, paths: Vec::new() }).unwrap();
    }
}
