//! The file store of the sign-ins.

use anyhow::{Context, Result};
use mcp_oauth_file::FileStore;

use crate::input::{Usage, paths};

/// The store of sign-ins, which is made if it is not there.
pub(crate) fn store() -> Result<FileStore> {
    let folder = paths::folder().ok_or_else(|| {
        let usage = Usage::new("it is not known where to keep sign-ins");
        usage.hint(format!("{} names a folder for them", paths::VARIABLE))
    })?;
    let unusable = || Usage::new(format!("{} cannot be used for sign-ins", folder.display()));
    FileStore::open(&folder).with_context(unusable)
}

/// The store of sign-ins, if there is one.
pub(crate) fn known_store() -> Result<Option<FileStore>> {
    match paths::folder() {
        Some(folder) if folder.is_dir() => store().map(Some),
        _ => Ok(None),
    }
}
