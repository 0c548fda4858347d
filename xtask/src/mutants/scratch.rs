//! The copy of the workspace with the faults.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    rewrite::{VARIABLE, rewrite, switch_function},
    table::{Fault, Row},
};
use crate::files;

/// Returns the folder of the copy, its build and its logs.
pub(crate) fn folder() -> PathBuf {
    files::target().join("mutants")
}

/// Copies the workspace with all faults as switches. Returns the folder of the copy.
///
/// A file that is equal already is not written, so that only what has changed is built again.
pub(crate) fn create(faults: &[Fault]) -> Result<PathBuf> {
    let copy = folder().join("workspace");
    let paths = paths()?;
    for path in &paths {
        let content = fs::read(files::root().join(path));
        let content = content.with_context(|| format!("cannot read {}", path.display()))?;
        write(&copy.join(path), &changed(path, content, faults)?)?;
    }
    remove_others(&copy, &copy, &paths)?;
    Ok(copy)
}

/// Checks that each fault can be put into its file. The error names each one that cannot.
pub(crate) fn check(faults: &[Fault]) -> Result<()> {
    let problems = faults.iter().filter_map(|fault| {
        let text = files::read(&files::root().join(source(fault)));
        text.and_then(|text| rewrite(&text, &[&fault.row])).err().map(|error| format!("{error:#}"))
    });
    let problems: Vec<_> = problems.collect();
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    for path in paths()? {
        let content = fs::read(files::root().join(&path));
        changed(&path, content.with_context(|| path.display().to_string())?, faults)?;
    }
    Ok(())
}

/// Returns the paths of the files of the workspace, except for ignored ones.
fn paths() -> Result<BTreeSet<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(files::root())
        .output()
        .context("cannot run git")?;
    ensure!(listed.status.success(), "git cannot list the files");
    let listed = String::from_utf8(listed.stdout)?;
    let paths = listed.lines().map(PathBuf::from);
    Ok(paths.filter(|path| files::root().join(path).is_file()).collect())
}

/// Returns the path of the file that a fault changes.
fn source(fault: &Fault) -> PathBuf {
    Path::new("crates").join(&fault.package).join("src").join(&fault.row.file)
}

fn changed(path: &Path, content: Vec<u8>, faults: &[Fault]) -> Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Ok(content);
    }
    let mut text = String::from_utf8(content)?;
    let here = faults.iter().filter(|fault| source(fault) == *path);
    let rows: Vec<&Row> = here.map(|fault| &fault.row).collect();
    if !rows.is_empty() {
        text = rewrite(&text, &rows)?;
    }
    let is_root = |fault: &Fault| {
        let src = Path::new("crates").join(&fault.package).join("src");
        [src.join("lib.rs"), src.join("main.rs")].contains(&path.to_owned())
    };
    if faults.iter().any(is_root) {
        text += &switch_function();
    }
    if path.components().any(|part| part.as_os_str() == "tests") {
        // The program under test must see the variable too.
        let kept = format!(
            ".env_clear().envs(std::env::var_os({VARIABLE:?}).map(|id| ({VARIABLE:?}, id)))"
        );
        text = text.replace(".env_clear()", &kept);
    }
    Ok(text.into_bytes())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|written| written == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes files that the workspace no longer has.
fn remove_others(copy: &Path, folder: &Path, paths: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(copy, &path, paths)?;
        } else if path.strip_prefix(copy).is_ok_and(|path| !paths.contains(path)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
