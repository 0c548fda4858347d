//! The watchdog that ends a server if the application exits without shutting it down.

use std::{io, process::Stdio};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// A shell script that ends the process group `$0`, unless a line arrives before the end of the
/// input. It sends `SIGTERM` first.
const SCRIPT: &str =
    r#"read -r _ || { kill -s TERM -- "$0"; sleep 1; kill -s KILL -- "$0"; } 2>/dev/null"#;

/// A process that waits at the end of a pipe from this process. If this process ends, by a signal,
/// a panic or a return from `main`, the pipe is closed. The watchdog then ends the server and its
/// descendants.
///
/// Linux can send a signal to a child when its parent ends, but this does not replace the watchdog:
///
/// - Only the child gets the signal. The child of a package runner, which is the server, does not.
/// - The signal is sent when the *thread* that started the child ends.
/// - Requesting the signal takes `unsafe`.
///
/// The watchdog works on every system with a shell.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    /// Starts a watchdog for the process group of `leader`.
    pub(super) fn for_group(leader: u32) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, &format!("-{leader}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // The watchdog has its own process group, so that signals of a terminal do not reach it.
        command.process_group(0).env_clear().env("PATH", "/usr/bin:/bin");
        command.spawn().map(Self)
    }

    /// Ends the watchdog after the process group has ended.
    pub(super) async fn dismiss(mut self) -> io::Result<()> {
        if let Some(mut pipe) = self.0.stdin.take() {
            pipe.write_all(b"\n").await?;
        }
        self.0.wait().await?;
        Ok(())
    }
}
