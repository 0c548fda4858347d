//! The environment variables of a server process.

use std::{collections::BTreeMap, env, ffi::OsString};

/// The variables that every server inherits: programs need them, and they contain no secrets. A
/// server inherits others only by name, so that it does not get the tokens of other programs.
#[cfg(unix)]
const DEFAULTS: [&str; 12] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
];
#[cfg(windows)]
const DEFAULTS: [&str; 18] = [
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
];

/// The variables that a server is started with.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) inherited: Vec<String>,
}

impl Environment {
    /// Returns all variables with their current values. Set values take precedence over inherited
    /// ones.
    pub(super) fn variables(&self) -> BTreeMap<OsString, OsString> {
        let inherited = DEFAULTS.into_iter().chain(self.inherited.iter().map(String::as_str));
        let inherited = inherited.filter_map(|name| Some((name.into(), env::var_os(name)?)));
        let set = self.set.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(set).collect()
    }

    /// Returns the values of the variables that are set or inherited by name.
    pub(super) fn secret_values(&self) -> impl Iterator<Item = String> {
        let inherited = self.inherited.iter().filter_map(|name| env::var(name).ok());
        self.set.values().cloned().chain(inherited)
    }

    /// Removes the values of the variables that every server gets.
    pub(super) fn without_defaults(
        values: impl Iterator<Item = String>,
    ) -> impl Iterator<Item = String> {
        let defaults: Vec<_> = DEFAULTS.iter().filter_map(|name| env::var(name).ok()).collect();
        values.filter(move |value| !defaults.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherits_only_named_variables_and_set_values_take_precedence() {
        // Cargo sets variables for its tests.
        let names = |environment: &Environment| {
            let variables = environment.variables();
            let has = |name: &str| variables.contains_key(&OsString::from(name));
            ["PATH", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"].map(has)
        };
        let mut environment = Environment::default();
        assert_eq!(names(&environment), [true, false, false]);
        environment.inherited.push("CARGO_PKG_NAME".to_owned());
        assert_eq!(names(&environment), [true, false, true]);
        environment.set.insert("PATH".to_owned(), "/set".to_owned());
        assert_eq!(environment.variables()[&OsString::from("PATH")], "/set");
    }
}
