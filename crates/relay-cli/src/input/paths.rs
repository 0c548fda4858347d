//! Where the program keeps what it has to remember.

use std::{env, path::PathBuf};

/// The variable that names the folder, in place of the system's own.
pub(crate) const HOME_VARIABLE: &str = "RELAY_HOME";

pub(crate) fn credentials_folder() -> Option<PathBuf> {
    absolute_path(HOME_VARIABLE)
        .or_else(|| Some(data_folder()?.join("relay")))
        .map(|it| it.join("sign-ins"))
}

/// Where programs of this system keep their data for the user.
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

/// A folder that a variable names; relative ones depend on where the program happens to be started.
fn absolute_path(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
