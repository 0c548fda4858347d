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

/// Reads the files below `folder` that have one of the `extensions`.
pub(super) fn read(root: &Path, folder: &Path, extensions: &[&str]) -> Result<Sources> {
    let mut sources = Sources::new();
    for path in find(folder, extensions)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        sources.insert(name.to_owned(), files::read(&path)?);
    }
    Ok(sources)
}

fn find(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(find(&path, extensions)?);
        } else if path.extension().is_some_and(|e| extensions.iter().any(|each| e == *each)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
