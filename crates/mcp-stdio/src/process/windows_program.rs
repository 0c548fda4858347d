//! The program of a server on Windows: `npx` stands for `npx.cmd` in a folder of `PATH`.
//!
//! Windows itself adds only `.exe` to a name. Package runners are batch files, which `cmd.exe` runs.
//! The standard library quotes their arguments for `cmd.exe`, if it gets the whole name of the file.
//! The file system is a parameter, so that the rules are tested on every system.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
};

/// The extensions of files that can be started, in the order of `PATHEXT` by default.
const STARTABLE: [&str; 4] = [".com", ".exe", ".bat", ".cmd"];

/// The environment variables, by name.
type Variables = BTreeMap<OsString, OsString>;

/// Returns the file to start, or the program unchanged if it is not found.
///
/// # Errors
/// Returns an error if the file is a batch file that cannot get these arguments.
#[cfg(windows)]
pub(super) fn resolve(
    program: &OsStr,
    args: &[OsString],
    variables: &Variables,
) -> io::Result<OsString> {
    find(program, args, variables, &|path| std::path::Path::new(path).is_file())
}

/// Finds the file to start. `is_file` is the file system.
///
/// A name without a folder is searched for in `PATH`, and not in the current folder, where anyone
/// may have put a file. A name without an extension is never the file itself: beside `npx.cmd`,
/// there is a shell script `npx`.
fn find(
    program: &OsStr,
    args: &[OsString],
    variables: &Variables,
    is_file: &dyn Fn(&str) -> bool,
) -> io::Result<OsString> {
    let Some(name) = program.to_str() else { return Ok(program.to_owned()) };
    let folders = match name.contains(['/', '\\', ':']) {
        true => vec![String::new()],
        false => folders(variable(variables, "PATH").unwrap_or_default()),
    };
    let extensions = extensions(variables, name);
    let files = folders.iter().flat_map(|folder| {
        extensions.iter().map(move |extension| format!("{folder}{name}{extension}"))
    });
    let Some(file) = files.into_iter().find(|file| is_file(file)) else {
        return Ok(program.to_owned());
    };
    if is_batch_file(&file) {
        check_arguments(&file, args)?;
    }
    Ok(file.into())
}

/// Returns the folders of `PATH`, each with a backslash at its end. Relative folders are left out,
/// because they depend on the current folder.
fn folders(path: &str) -> Vec<String> {
    let folders = path.split(';').map(|folder| folder.trim().trim_matches('"'));
    let is_absolute = |folder: &&str| {
        let mut chars = folder.chars();
        let drive = chars.next().is_some_and(|drive| drive.is_ascii_alphabetic());
        (drive && chars.next() == Some(':') && matches!(chars.next(), Some('\\' | '/')))
            || folder.starts_with(r"\\")
    };
    let folders = folders.filter(is_absolute);
    let folders = folders.map(|folder| folder.replace('/', r"\"));
    folders.map(|folder| format!("{}\\", folder.trim_end_matches('\\'))).collect()
}

/// Returns the extensions to try. The first is empty if the name has an extension already.
fn extensions(variables: &Variables, name: &str) -> Vec<String> {
    let listed = variable(variables, "PATHEXT").unwrap_or(".COM;.EXE;.BAT;.CMD");
    let listed = listed.split(';').map(|extension| extension.trim().to_ascii_lowercase());
    let listed = listed.filter(|extension| STARTABLE.contains(&&**extension));
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let has_extension = file_name.trim_start_matches('.').contains('.');
    has_extension.then(String::new).into_iter().chain(listed).collect()
}

/// Returns whether `cmd.exe` runs the file. Windows ignores dots and spaces at the end of a name.
fn is_batch_file(file: &str) -> bool {
    let file = file.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    file.ends_with(".bat") || file.ends_with(".cmd")
}

/// Returns an error if an argument cannot be quoted for `cmd.exe`. It ends a command at a line
/// break, even between quotes, and does not get text after a NUL.
///
/// The standard library quotes all other characters: quotes are doubled, and percent signs do not
/// start a variable. It refuses the same characters, but does not say which argument has them.
fn check_arguments(file: &str, args: &[OsString]) -> io::Result<()> {
    let is_unsafe = |arg: &OsString| match arg.to_str() {
        Some(text) => text.contains(['\0', '\r', '\n']),
        None => true,
    };
    match args.iter().position(is_unsafe) {
        None => Ok(()),
        Some(index) => {
            let number = index + 1;
            let reason = format!(
                "argument {number} contains a line break or another character that a batch file \
                 cannot get; start the program behind \"{file}\" itself"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
        }
    }
}

/// Returns the value of a variable. Names are equal if they differ only in case, and the last one is
/// used, as in the environment of the process.
fn variable<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    let mut matching = variables.iter().rev().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    matching.next().and_then(|(_, value)| value.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = r#"relative;.;;C:\Windows\;"C:\Program Files\nodejs";D:/tools;\\host\share"#;

    /// Returns the file that is started, on a system with these files.
    fn found(program: &str, files: &[&str], variables: &[(&str, &str)]) -> String {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let is_file = |path: &str| files.iter().any(|file| file.eq_ignore_ascii_case(path));
        let file = find(program.as_ref(), &[], &variables.collect(), &is_file).unwrap();
        file.into_string().unwrap()
    }

    #[test]
    fn a_name_is_found_by_path_and_extension() {
        let files = [
            r"C:\Program Files\nodejs\npx",
            r"C:\Program Files\nodejs\npx.cmd",
            r"C:\Program Files\nodejs\npx.ps1",
            r"D:\tools\npx.exe",
            r"D:\tools\uvx.exe",
            r"D:\tools\uvx.cmd",
            r"D:\tools\run.js",
            r"D:\tools\my.tool.bat",
            r"\\host\share\far.exe",
            r"relative\local.exe",
            r".\local.exe",
        ];
        for (program, expected) in [
            ("npx", r"C:\Program Files\nodejs\npx.cmd"),
            ("NPX.CMD", r"C:\Program Files\nodejs\NPX.CMD"),
            ("uvx", r"D:\tools\uvx.exe"),
            ("uvx.cmd", r"D:\tools\uvx.cmd"),
            ("my.tool", r"D:\tools\my.tool.bat"),
            ("far", r"\\host\share\far.exe"),
            // Not found, so the name stays, and the start fails.
            ("local", "local"),
            ("run", "run"),
            ("none", "none"),
            ("", ""),
        ] {
            assert_eq!(found(program, &files, &[("Path", PATH)]), expected, "{program}");
        }
        assert_eq!(found("npx", &files, &[]), "npx");
    }

    #[test]
    fn a_path_gets_an_extension_and_is_not_searched_for() {
        let files = [r"C:\a\npx.cmd", r"C:\b\npx.cmd", r".\x.exe", "C:/a/x.bat"];
        for (program, expected) in [
            (r"C:\b\npx", r"C:\b\npx.cmd"),
            (r"C:\b\npx.cmd", r"C:\b\npx.cmd"),
            (r".\x", r".\x.exe"),
            ("C:/a/x", "C:/a/x.bat"),
            (r"C:\c\npx", r"C:\c\npx"),
        ] {
            assert_eq!(found(program, &files, &[("PATH", r"C:\a")]), expected, "{program}");
        }
    }

    #[test]
    fn the_extensions_are_those_of_the_environment_that_can_be_started() {
        let files = [r"C:\a\x.exe", r"C:\a\x.cmd", r"C:\a\x.py", r"C:\a\y.py"];
        let found = |program, extensions| {
            found(program, &files, &[("PATH", r"C:\a"), ("PathExt", extensions)])
        };
        assert_eq!(found("x", ".PY;.CMD;.EXE"), r"C:\a\x.cmd");
        assert_eq!(found("x", ".EXE"), r"C:\a\x.exe");
        assert_eq!(found("y", ".PY"), "y");
    }

    #[test]
    fn the_last_spelling_of_a_variable_is_used() {
        let files = [r"C:\a\x.exe", r"C:\b\x.exe"];
        let path = [("PATH", r"C:\a"), ("Path", r"C:\b")];
        assert_eq!(found("x", &files, &path), r"C:\b\x.exe");
    }

    #[test]
    fn a_batch_file_gets_no_argument_that_cannot_be_quoted() {
        let start = |program: &str, arg: &str| {
            let variables = [("PATH".into(), r"C:\a".into())].into();
            find(program.as_ref(), &["-y".into(), arg.into()], &variables, &|_| true)
        };
        for arg in ["a b", r#"{"a":"b"}"#, "%PATH%", "a & calc.exe", "^|<>", "", "\u{e9}!"] {
            assert!(start("x.cmd", arg).is_ok(), "{arg}");
        }
        for arg in ["a\nb", "a\r", "\0"] {
            for program in ["x.cmd", "x.BAT", r"C:\a\x.bat. .", "x.cmd "] {
                let error = start(program, arg).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{program:?} {arg:?}");
                assert!(error.to_string().starts_with("argument 2 contains a line break"));
            }
            assert!(start("x.exe", arg).is_ok(), "the system quotes it");
        }
    }
}
