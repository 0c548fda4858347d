//! Where the program keeps what it has to remember.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};
use mcp_oauth_file::FileStore;

use super::usage_error::Usage;

/// The variable that names the folder, in place of the system's own.
const VARIABLE: &str = "RELAY_HOME";

/// The store of sign-ins, which is made if it is not there.
pub(crate) fn store() -> Result<FileStore> {
    let folder = folder().ok_or_else(|| {
        let usage = Usage::new("it is not known where to keep sign-ins");
        usage.hint(format!("{VARIABLE} names a folder for them"))
    })?;
    let unusable = || Usage::new(format!("{} cannot be used for sign-ins", folder.display()));
    FileStore::open(&folder).with_context(unusable)
}

/// The store of sign-ins, if there is one.
pub(crate) fn known_store() -> Result<Option<FileStore>> {
    match folder() {
        Some(folder) if folder.is_dir() => store().map(Some),
        _ => Ok(None),
    }
}

fn folder() -> Option<PathBuf> {
    variable(VARIABLE).or_else(|| Some(data_folder()?.join("relay"))).map(|it| it.join("sign-ins"))
}

/// Where programs of this system keep their data for the user.
fn data_folder() -> Option<PathBuf> {
    let at_home =
        |path: &str| env::home_dir().filter(|it| it.is_absolute()).map(|it| it.join(path));
    if cfg!(windows) {
        variable("APPDATA").or_else(|| at_home("AppData/Roaming"))
    } else if cfg!(target_os = "macos") {
        at_home("Library/Application Support")
    } else {
        variable("XDG_DATA_HOME").or_else(|| at_home(".local/share"))
    }
}

/// A folder that a variable names; relative ones depend on where the program happens to be started.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
