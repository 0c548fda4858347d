//! The file store of the sign-ins.

use anyhow::{Context, Result};
use mcp_oauth_file::FileStore;

use crate::input::{HOME_VARIABLE, UsageError, credentials_folder};

/// The store of sign-ins, which is made if it is not there.
pub(crate) fn open_store() -> Result<FileStore> {
    let folder = credentials_folder().ok_or_else(|| {
        let usage = UsageError::new("it is not known where to keep sign-ins");
        usage.with_suggestion(format!("{HOME_VARIABLE} names a folder for them"))
    })?;
    let unusable = || UsageError::new(format!("{} cannot be used for sign-ins", folder.display()));
    FileStore::open(&folder).with_context(unusable)
}

/// The store of sign-ins, if there is one.
pub(crate) fn existing_store() -> Result<Option<FileStore>> {
    match credentials_folder() {
        Some(folder) if folder.is_dir() => open_store().map(Some),
        _ => Ok(None),
    }
}
