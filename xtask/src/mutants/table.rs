//! The table of faults, `xtask/mutants/<crate>.toml`.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::files;

/// A fault: a small change that some test must notice.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The name of the crate, and of its folder.
    pub(crate) package: String,
    pub(crate) row: Row,
    /// The tests to run first, as in [`Row::tests`].
    pub(crate) nearest_tests: Vec<String>,
}

/// A row of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The name of the fault. No other fault has it.
    pub(crate) id: String,
    /// The path of the file below `src`.
    pub(crate) file: String,
    /// A text before the place, if `text` occurs more than once in the file. It occurs once itself.
    #[serde(default)]
    pub(crate) after: Option<String>,
    /// The text of an expression or of statements, which occurs once.
    pub(crate) text: String,
    /// The code in place of the text.
    #[serde(default)]
    pub(crate) with: Option<String>,
    /// In place of `with`: the statements that follow the text.
    #[serde(default)]
    pub(crate) insert: Option<String>,
    /// The tests to run first: `unit`, `own` (`tests/it` of the crate) or `it` (the package
    /// `tests`), and a part of their names.
    #[serde(default)]
    pub(crate) tests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrateTable {
    /// The tests to run after those of a row.
    tests: Vec<String>,
    fault: Vec<Row>,
}

/// Reads the tables of all crates.
pub(crate) fn load() -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let mut paths = Vec::new();
    for entry in fs::read_dir(files::root().join("xtask/mutants"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        faults.extend(load_crate(&path)?);
    }
    let mut ids = BTreeSet::new();
    for fault in &faults {
        let id = &fault.row.id;
        ensure!(ids.insert(id), "fault {id:?} occurs twice in the table");
        ensure!(
            fault.row.with.is_some() != fault.row.insert.is_some(),
            "fault {id:?} needs either \"with\" or \"insert\""
        );
    }
    Ok(faults)
}

fn load_crate(path: &Path) -> Result<Vec<Fault>> {
    let package =
        path.file_stem().and_then(|name| name.to_str()).context("a file without a name")?;
    let table: CrateTable =
        toml::from_str(&files::read(path)?).with_context(|| path.display().to_string())?;
    let fault = |row: Row| Fault {
        package: package.to_owned(),
        nearest_tests: [unit_tests(&row.file)].into_iter().chain(table.tests.clone()).collect(),
        row,
    };
    Ok(table.fault.into_iter().map(fault).collect())
}

/// Returns the unit tests of a file's room.
fn unit_tests(file: &str) -> String {
    let room = file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
    format!("unit {room}::")
}
