//! The file store for credentials.

use anyhow::{Context, Result};
use mcp_oauth_file::FileStore;

use crate::input::{HOME_VARIABLE, UsageError, credentials_folder};

/// Opens the store. Creates it if it does not exist.
pub(crate) fn open_store() -> Result<FileStore> {
    let folder = credentials_folder().ok_or_else(|| {
        let usage = UsageError::new("no folder found for stored credentials");
        usage.with_suggestion(format!(
            "set environment variable \"{HOME_VARIABLE}\" to an absolute path"
        ))
    })?;
    let failed =
        || UsageError::new(format!("cannot store credentials in \"{}\"", folder.display()));
    FileStore::open(&folder).with_context(failed)
}

/// Opens the store if it exists.
pub(crate) fn existing_store() -> Result<Option<FileStore>> {
    match credentials_folder() {
        Some(folder) if folder.is_dir() => open_store().map(Some),
        _ => Ok(None),
    }
}
