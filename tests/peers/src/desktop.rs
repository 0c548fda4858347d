//! A desktop's message bus, with a keyring on it.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Command},
    thread,
};

use crate::process::{Group, scratch, skip};

/// The bus, its address, and on it GNOME's keyring, which reads its password before it gets its name.
/// All of it ends with the input, if nothing else ends it.
const SCRIPT: &str = r#"
echo "$DBUS_SESSION_BUS_ADDRESS"
dbus-monitor "interface=org.freedesktop.DBus,arg0=org.freedesktop.secrets" &
read -r password
printf %s "$password" | gnome-keyring-daemon --foreground --unlock --components=secrets &
read -r end
kill $!
"#;

/// A keyring that is unlocked, on a bus of its own. Dropping it ends them.
#[derive(Debug)]
pub struct Desktop {
    bus: String,
    _stdin: ChildStdin,
    // They end in this order.
    _group: Group,
    _home: Home,
}

/// The folder that the keyring is kept in.
#[derive(Debug)]
struct Home(PathBuf);

impl Desktop {
    /// Starts a bus and an empty keyring. Where they are not installed there are none, and the test is
    /// to return: that it was skipped is said here.
    pub fn start() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        for program in ["dbus-run-session", "dbus-monitor", "dbus-send", "gnome-keyring-daemon"] {
            if !env::split_paths(&path).any(|folder| folder.join(program).exists()) {
                return skip(&format!("{program} is not installed"));
            }
        }
        let home = Home(scratch("desktop"));
        std::fs::create_dir_all(&home.0).unwrap();
        let mut command = Command::new("dbus-run-session");
        command.args(["--", "sh", "-c", SCRIPT]).env_clear().env("PATH", path);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(variable, &home.0);
        }
        let (mut group, stdout) = Group::spawn(command).unwrap();
        let mut lines = BufReader::new(stdout);
        let bus = next(&mut lines).trim_end().to_owned();
        // The monitor tells of its own name first.
        while !next(&mut lines).contains("member=Name") {}
        let mut stdin = group.stdin();
        stdin.write_all(b"password\n").unwrap();
        while !next(&mut lines).contains("org.freedesktop.secrets") {}
        // What else is printed has to go somewhere.
        thread::spawn(move || lines.lines().for_each(drop));
        Some(Self { bus, _stdin: stdin, _group: group, _home: home })
    }

    /// Locks the keyring, for good: nobody can be asked for the password, for there is no screen.
    pub fn lock(&self) {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        command.args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"]);
        command.arg("array:objpath:/org/freedesktop/secrets/collection/login");
        let output = command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// The address of the bus, which programs find in `DBUS_SESSION_BUS_ADDRESS`.
    pub fn bus(&self) -> &str {
        &self.bus
    }
}

fn next(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    assert!(lines.read_line(&mut line).unwrap() > 0, "the desktop has ended");
    line
}

impl Drop for Home {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
