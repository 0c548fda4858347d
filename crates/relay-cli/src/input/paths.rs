//! The folder for stored credentials.

use std::{env, path::PathBuf};

/// The environment variable that overrides the folder for Relay's data.
pub(crate) const HOME_VARIABLE: &str = "RELAY_HOME";

/// Returns the folder for stored credentials, or `None` if no home folder is known.
pub(crate) fn credentials_folder() -> Option<PathBuf> {
    absolute_path(HOME_VARIABLE)
        .or_else(|| Some(data_folder()?.join("relay")))
        .map(|it| it.join("sign-ins"))
}

/// Returns the folder in which programs store data of the user on this system.
fn data_folder() -> Option<PathBuf> {
    let at_home =
        |path: &str| env::home_dir().filter(|it| it.is_absolute()).map(|it| it.join(path));
    if cfg!(windows) {
        absolute_path("APPDATA").or_else(|| at_home("AppData/Roaming"))
    } else if cfg!(target_os = "macos") {
        at_home("Library/Application Support")
    } else {
        absolute_path("XDG_DATA_HOME").or_else(|| at_home(".local/share"))
    }
}

/// Returns the absolute path in an environment variable. A relative path is ignored, because it
/// depends on the current folder.
fn absolute_path(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
