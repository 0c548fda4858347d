//! Finding and reading the files to check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::files;

/// Texts of files by path. The paths start at the root of the workspace.
pub(super) type Sources = BTreeMap<PathBuf, String>;

/// Reads the files below `path` that have one of the `extensions`, or `path` itself if it is a
/// file.
pub(super) fn read(root: &Path, path: &Path, extensions: &[&str]) -> Result<Sources> {
    let mut paths = Vec::new();
    if path.is_file() {
        paths.push(path.to_owned());
    } else {
        find(path, extensions, &mut paths)?;
    }
    let mut sources = Sources::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap_or(&path);
        sources.insert(name.to_owned(), files::read(&path)?);
    }
    Ok(sources)
}

fn find(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                find(&path, extensions, found)?;
            }
        } else if path.extension().is_some_and(|e| extensions.iter().any(|each| e == *each)) {
            found.push(path);
        }
    }
    Ok(())
}
