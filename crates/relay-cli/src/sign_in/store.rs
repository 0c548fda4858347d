//! The file store of the credentials.

use anyhow::{Context, Result};
use mcp_oauth_file::FileStore;

use crate::input::{HOME_VARIABLE, UsageError, credentials_folder};

/// Opens the store, and creates it if it does not exist.
pub(crate) fn open_store() -> Result<FileStore> {
    let folder = credentials_folder().ok_or_else(|| {
        let usage = UsageError::new("it is not known where to keep sign-ins");
        usage.with_suggestion(format!("{HOME_VARIABLE} names a folder for them"))
    })?;
    let unusable = || UsageError::new(format!("{} cannot be used for sign-ins", folder.display()));
    FileStore::open(&folder).with_context(unusable)
}

/// Opens the store if it exists.
pub(crate) fn existing_store() -> Result<Option<FileStore>> {
    match credentials_folder() {
        Some(folder) if folder.is_dir() => open_store().map(Some),
        _ => Ok(None),
    }
}
