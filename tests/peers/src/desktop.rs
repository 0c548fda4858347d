//! A D-Bus session with a keyring.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Command},
    thread,
};

use crate::process::{Group, scratch, skip};

/// Prints the address of the bus, and starts GNOME's keyring, which reads its password before it
/// claims its name. Everything ends when the input is closed.
const SCRIPT: &str = r#"
echo "$DBUS_SESSION_BUS_ADDRESS"
dbus-monitor "interface=org.freedesktop.DBus,arg0=org.freedesktop.secrets" &
read -r password
printf %s "$password" | gnome-keyring-daemon --foreground --unlock --components=secrets &
read -r end
kill $!
"#;

/// An unlocked keyring on its own bus. Dropping it ends both processes.
#[derive(Debug)]
pub struct Desktop {
    bus: String,
    _stdin: ChildStdin,
    // Dropped in this order.
    _group: Group,
    _home: Home,
}

/// The folder of the keyring.
#[derive(Debug)]
struct Home(PathBuf);

impl Desktop {
    /// Starts a bus and an empty keyring. Returns `None` and prints that the test is skipped, if
    /// they are not installed. The test must then return.
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
        // The monitor reports its own name first.
        while !next(&mut lines).contains("member=Name") {}
        let mut stdin = group.stdin();
        stdin.write_all(b"password\n").unwrap();
        while !next(&mut lines).contains("org.freedesktop.secrets") {}
        // Read the remaining output, so that the pipe does not fill up.
        thread::spawn(move || lines.lines().for_each(drop));
        Some(Self { bus, _stdin: stdin, _group: group, _home: home })
    }

    /// Locks the keyring. It cannot be unlocked again, because there is no screen for the password
    /// prompt.
    pub fn lock(&self) {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        command.args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"]);
        command.arg("array:objpath:/org/freedesktop/secrets/collection/login");
        let output = command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Returns the address of the bus, for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn bus(&self) -> &str {
        &self.bus
    }
}

fn next(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    assert!(lines.read_line(&mut line).unwrap() > 0, "the session has ended");
    line
}

impl Drop for Home {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
