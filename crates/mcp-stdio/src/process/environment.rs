//! What a server gets to see of the environment of the application.

use std::{collections::BTreeMap, env, ffi::OsString};

/// What programs need to work at all, and holds no secrets. All else is passed on by name only: a
/// server has no business with the tokens of others.
#[cfg(unix)]
const COMMON: [&str; 12] = [
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
const COMMON: [&str; 18] = [
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
    pub(crate) own: BTreeMap<String, String>,
    pub(crate) inherited: Vec<String>,
}

impl Environment {
    /// All of them, as they are now; its own win.
    pub(super) fn variables(&self) -> BTreeMap<OsString, OsString> {
        let inherited = COMMON.into_iter().chain(self.inherited.iter().map(String::as_str));
        let inherited = inherited.filter_map(|name| Some((name.into(), env::var_os(name)?)));
        let own = self.own.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(own).collect()
    }

    /// What the variables hold that are its own or inherited by name.
    pub(super) fn values(&self) -> impl Iterator<Item = String> {
        let inherited = self.inherited.iter().filter_map(|name| env::var(name).ok());
        self.own.values().cloned().chain(inherited)
    }

    /// The values but those that every server gets in its variables.
    pub(super) fn but_common(values: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
        let common: Vec<_> = COMMON.iter().filter_map(|name| env::var(name).ok()).collect();
        values.filter(move |value| !common.contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_inherited_and_its_own_wins() {
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
        environment.own.insert("PATH".to_owned(), "/own".to_owned());
        assert_eq!(environment.variables()[&OsString::from("PATH")], "/own");
    }
}
