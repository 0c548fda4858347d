//! Starts the servers that `.ci/real-servers` installs.

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

/// The time limit until a server listens. Several servers may start at once on few cores.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The text before the URL that a server prints once it accepts connections.
const READY: &str = "listening on ";

/// A server in its own process. Dropping it ends the process and its child processes.
#[derive(Debug)]
pub struct Server {
    origin: String,
    /// The URLs that the server prints. Disconnects when the output is closed.
    ready: Receiver<String>,
    _group: Group,
}

impl Server {
    /// Starts a server on a free port. Returns `None` and prints that the test is skipped, if the
    /// server is not installed. The test must then return.
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
                    // Fails after the server was dropped.
                    let _ = sender.send(origin.to_owned());
                }
            }
            Ok(())
        });
        let origin = wait(&ready);
        Some(Self { origin, ready, _group: group })
    }

    /// Waits until a server that restarts itself listens again.
    pub fn wait_until_restarted(&self) {
        assert_eq!(wait(&self.ready), self.origin);
    }

    /// Returns scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the URL for Streamable HTTP.
    pub fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// Returns the URL for HTTP+SSE.
    pub fn sse_url(&self) -> String {
        format!("{}/sse", self.origin)
    }

    /// Replaces the origin in `text`, which differs from run to run.
    pub fn redacted(&self, text: &str) -> String {
        text.replace(&self.origin, "[SERVER]")
    }
}

fn wait(ready: &Receiver<String>) -> String {
    ready.recv_timeout(START_TIMEOUT).unwrap_or_else(|error| panic!("not listening: {error}"))
}
