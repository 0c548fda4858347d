//! Starting servers that `.ci/real-servers` installs, and ending them.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, ErrorKind, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// How long a server may take until it listens; several start at once on few cores.
const STARTING: Duration = Duration::from_secs(120);
/// Set to `required` where a server that is not installed is a failure.
const SWITCH: &str = "RELAY_REAL_SERVERS";
/// What a server prints in front of its URL once it takes connections.
const READY: &str = "listening on ";

/// A server that the tests know how to start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    /// `@modelcontextprotocol/server-everything`, as published.
    Everything,
    /// The same with HTTP+SSE.
    EverythingSse,
    /// `python/server.py` on `fastmcp`.
    FastMcp,
    /// `python-sdk/server.py` on the SDK `mcp`.
    PythonSdk,
}

/// A server in a process of its own. Dropping it ends that process and all that it started.
#[derive(Debug)]
pub(crate) struct Server {
    origin: String,
    group: Group,
}

impl Server {
    /// Starts a server on a free port. Where it is not installed there is none, and the test is to
    /// return: that it was skipped is said here.
    pub(crate) fn start(program: Program, env: &[(&str, &str)]) -> Option<Self> {
        installed(program)?;
        let mut command = program.command();
        command.envs(env.iter().copied());
        let group = match Group::spawn(command) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return skip(&format!("{program:?} cannot be started: {error}"));
            }
            group => group.unwrap(),
        };
        Some(Self { origin: group.wait_until_ready(), group })
    }

    /// Waits until the server that starts itself anew is there again.
    pub(crate) fn wait_until_restarted(&self) {
        assert_eq!(self.group.wait_until_ready(), self.origin);
    }

    /// The URL for MCP.
    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// The URL for MCP over HTTP+SSE.
    pub(crate) fn sse_url(&self) -> String {
        format!("{}/sse", self.origin)
    }

    /// `text` with what changes from run to run replaced.
    pub(crate) fn redacted(&self, text: &str) -> String {
        text.replace(&self.origin, "[SERVER]")
    }
}

impl Program {
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Everything | Self::EverythingSse => "node",
            Self::FastMcp => "python",
            Self::PythonSdk => "python-sdk",
        };
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("real-servers").join(name)
    }

    /// The command, without the environment of the tests: one server has a tool that shows it.
    fn command(self) -> Command {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/real");
        let mut command = match self {
            Self::Everything | Self::EverythingSse => {
                let package = "node_modules/@modelcontextprotocol/server-everything";
                let mut command = Command::new("node");
                command.arg("--import").arg(fixtures.join("node/loopback.mjs"));
                command.arg(self.folder().join(package).join("dist/index.js"));
                let over_sse = matches!(self, Self::EverythingSse);
                command.arg(if over_sse { "sse" } else { "streamableHttp" });
                command
            }
            Self::FastMcp | Self::PythonSdk => {
                let mut command = Command::new(self.folder().join("bin/python"));
                let folder = self.folder();
                command.arg("-B").arg(fixtures.join(folder.file_name().unwrap()).join("server.py"));
                command
            }
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command
    }
}

/// A process, those that it started, and what they print.
#[derive(Debug)]
struct Group {
    leader: Child,
    /// The line that says where the server listens; it hangs up when nobody can print any more.
    ready: Receiver<String>,
    log: PathBuf,
}

impl Group {
    fn spawn(mut command: Command) -> io::Result<Self> {
        // A process that outlives its test, because the test was killed, finds its input closed.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = log_file();
        let mut output = File::create(&log)?;
        let leader = command.stderr(output.try_clone()?).spawn();
        let mut leader = leader.or_else(|error| fs::remove_file(&log).and(Err(error)))?;
        let (sender, ready) = channel();
        let stdout = leader.stdout.take().map(BufReader::new);
        thread::spawn(move || -> io::Result<()> {
            for line in stdout.into_iter().flat_map(BufRead::lines) {
                let line = line?;
                writeln!(output, "{line}")?;
                if let Some(origin) = line.strip_prefix(READY) {
                    // Nobody listens after the server was given up.
                    let _ = sender.send(origin.to_owned());
                }
            }
            Ok(())
        });
        Ok(Self { leader, ready, log })
    }

    fn wait_until_ready(&self) -> String {
        self.ready.recv_timeout(STARTING).unwrap_or_else(|error| panic!("not listening: {error}"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("the server's log:\n{log}");
        }
        // Until the leader is waited for, no other process can have its number.
        let group = format!("-{}", self.leader.id());
        let killed = Command::new("sh").args(["-c", "kill -s KILL -- \"$0\"", &group]).status();
        let failed = !killed.is_ok_and(|status| status.success());
        let ended = self.leader.kill().and_then(|()| self.leader.wait());
        let removed = fs::remove_file(&self.log);
        if !thread::panicking() {
            assert!(!failed, "the processes of {group} may go on");
            ended.unwrap();
            removed.unwrap();
        }
    }
}

/// A file for the output of one process, under Cargo's folder for the files of tests.
fn log_file() -> PathBuf {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}-{}.log", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The folder that a program is installed in. Where it is not, the test is to return: that it was
/// skipped is said here.
pub(super) fn installed(program: Program) -> Option<PathBuf> {
    let folder = program.folder();
    let installed = folder.join("installed");
    if !installed.exists() {
        return skip(&format!("{} does not exist: run .ci/real-servers", installed.display()));
    }
    Some(folder)
}

/// Says that the test is skipped, and why; or fails it where it must not be.
fn skip<T>(reason: &str) -> Option<T> {
    assert!(std::env::var(SWITCH).as_deref() != Ok("required"), "{reason}");
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Past the test runner, which shows what `eprintln` prints only if the test fails; and in one
    // piece, for other tests print too.
    let line = format!("SKIPPED {test}: {reason}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

#[test]
fn all_processes_of_a_server_end_with_it() {
    let spawn = || {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 3600 & echo 'listening on nothing'; wait"]);
        let mut group = Group::spawn(command).unwrap();
        assert_eq!(group.wait_until_ready(), "nothing");
        // The grandchild holds the output open as long as it lives.
        let output = std::mem::replace(&mut group.ready, channel().1);
        (group, output)
    };
    let ended = |output: Receiver<String>| {
        let error = output.recv_timeout(STARTING).unwrap_err();
        assert_eq!(error, std::sync::mpsc::RecvTimeoutError::Disconnected);
    };
    let (group, output) = spawn();
    drop(group);
    ended(output);
    let (group, output) = spawn();
    let panicked = thread::spawn(move || {
        let _group = group;
        panic!("as a failing test does");
    });
    panicked.join().unwrap_err();
    ended(output);
}
