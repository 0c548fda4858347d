//! Starting servers that `.ci/real-servers` installs.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use crate::{
    process::{Group, skip},
    program::{Program, installed},
};

/// How long a server may take until it listens; several start at once on few cores.
const STARTING: Duration = Duration::from_secs(120);
/// What a server prints in front of its URL once it takes connections.
const READY: &str = "listening on ";

/// A server in a process of its own. Dropping it ends that process and all that it started.
#[derive(Debug)]
pub struct Server {
    origin: String,
    /// The line that says where the server listens; it hangs up when nobody can print any more.
    ready: Receiver<String>,
    _group: Group,
}

impl Server {
    /// Starts a server on a free port. Where it is not installed there is none, and the test is to
    /// return: that it was skipped is said here.
    pub fn start(program: Program, env: &[(&str, &str)]) -> Option<Self> {
        installed(program)?;
        let mut command = program.command();
        command.envs(env.iter().copied());
        let (group, stdout) = match Group::spawn(command) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return skip(&format!("{program:?} cannot be started: {error}"));
            }
            started => started.unwrap(),
        };
        let mut log = group.log().unwrap();
        let (sender, ready) = channel();
        thread::spawn(move || -> io::Result<()> {
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                writeln!(log, "{line}")?;
                if let Some(origin) = line.strip_prefix(READY) {
                    // Nobody listens after the server was given up.
                    let _ = sender.send(origin.to_owned());
                }
            }
            Ok(())
        });
        let origin = wait(&ready);
        Some(Self { origin, ready, _group: group })
    }

    /// Waits until the server that starts itself anew is there again.
    pub fn wait_until_restarted(&self) {
        assert_eq!(wait(&self.ready), self.origin);
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The URL for MCP.
    pub fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// The URL for MCP over HTTP+SSE.
    pub fn sse_url(&self) -> String {
        format!("{}/sse", self.origin)
    }

    /// `text` with what changes from run to run replaced.
    pub fn redacted(&self, text: &str) -> String {
        text.replace(&self.origin, "[SERVER]")
    }
}

fn wait(ready: &Receiver<String>) -> String {
    ready.recv_timeout(STARTING).unwrap_or_else(|error| panic!("not listening: {error}"))
}
