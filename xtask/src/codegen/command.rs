//! Generates the protocol types of each revision from its committed schema.

use std::{fs, path::Path};

use anyhow::{Result, ensure};

use super::{
    docs::Docs,
    output,
    prepared_schema::PreparedSchema,
    revisions::{self, REVISIONS, Revision},
};
use crate::files::{self, Mode};

/// The folders of the generated types and of the table that tests use.
const SOURCES: &str = "crates/mcp-types/src/generated";
const TESTS: &str = "crates/mcp-types/tests/it/generated";

/// Writes or checks the types of one revision or of all revisions.
pub(crate) fn run(only: Option<&str>, mode: Mode) -> Result<()> {
    only.map(revisions::find).transpose()?;
    let docs = Docs::load()?;
    let schemas = REVISIONS.iter().map(PreparedSchema::load).collect::<Result<Vec<_>>>()?;
    check_leftovers(&files::root().join(SOURCES), &["methods.md", "mod.rs"])?;
    check_leftovers(&files::root().join(TESTS), &[])?;
    let mut fresh = Vec::new();
    for (at, schema) in schemas.iter().enumerate() {
        if only.is_none_or(|only| only == schema.revision) {
            let code =
                output::module(schema, at.checked_sub(1).map(|before| &schemas[before]), &docs)?;
            let file = format!("{}.rs", revisions::module(&schema.revision));
            fresh.push((format!("{SOURCES}/{file}"), code));
            fresh.push((format!("{TESTS}/{file}"), output::test_table(schema)));
        }
    }
    fresh.push((format!("{SOURCES}/methods.md"), output::markdown(&schemas)));
    write_or_check_all(files::root(), &fresh, mode)?;
    // Other revisions may use the texts that one revision does not use.
    let unused = if only.is_none() { docs.unused() } else { Vec::new() };
    report_docs(&docs.missing(), &unused, mode)
}

/// Fails if a folder has a file that belongs to no revision and is none of `others`.
fn check_leftovers(folder: &Path, others: &[&str]) -> Result<()> {
    let file = |revision: &Revision| format!("{}.rs", revisions::module(revision.name));
    let files: Vec<_> = REVISIONS.iter().map(file).collect();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        ensure!(
            files.contains(&name) || others.contains(&name.as_str()),
            "{} belongs to no revision: remove it",
            path.strip_prefix(files::root()).unwrap_or(&path).display()
        );
    }
    Ok(())
}

/// Writes or checks all files. The error lists each stale file.
fn write_or_check_all(folder: &Path, files: &[(String, String)], mode: Mode) -> Result<()> {
    let write_or_check = |(file, text): &(String, String)| {
        files::write_or_check(&folder.join(file), text, mode, "cargo xtask codegen")
    };
    let errors = files.iter().filter_map(|file| write_or_check(file).err());
    let errors: Vec<_> = errors.map(|error| format!("{error:#}")).collect();
    ensure!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

/// Prints missing and unused texts. A check fails if there are any.
fn report_docs(missing: &[String], unused: &[String], mode: Mode) -> Result<()> {
    for path in missing {
        println!("missing text: {path}");
    }
    for path in unused {
        println!("unused text: {path}");
    }
    ensure!(
        mode == Mode::Write || missing.is_empty() && unused.is_empty(),
        "schema/docs.toml lacks {} texts and has {} unused ones: \"cargo xtask codegen\" lists them",
        missing.len(),
        unused.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_types_are_fresh() {
        run(None, Mode::Check).unwrap();
    }

    #[test]
    fn check_lists_all_stale_files() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-stale-{}", std::process::id()));
        let files = ["a.rs", "b.rs", "c.rs"].map(|file| (file.to_owned(), "fresh".to_owned()));
        write_or_check_all(&folder, &files[1..2], Mode::Write).unwrap();
        let error = write_or_check_all(&folder, &files, Mode::Check).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        let stale: Vec<_> = error.lines().collect();
        assert!(stale.len() == 2 && stale[0].contains("a.rs is stale"), "{error}");
        assert!(stale[1].ends_with("c.rs is stale: run \"cargo xtask codegen\""), "{error}");
    }

    #[test]
    fn file_without_a_revision_is_an_error() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-left-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["v2025_11_25.rs", "methods.md"] {
            fs::write(folder.join(name), "").unwrap();
        }
        check_leftovers(&folder, &["methods.md"]).unwrap();
        fs::write(folder.join("v1.rs"), "").unwrap();
        let error = check_leftovers(&folder, &["methods.md"]).unwrap_err().to_string();
        assert!(error.ends_with("v1.rs belongs to no revision: remove it"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
