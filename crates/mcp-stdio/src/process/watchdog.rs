//! The end of a server whose application has ended without a farewell.

use std::{io, process::Stdio};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// Ends the process group that is named, in order, unless a line comes before the end of the input.
const SCRIPT: &str =
    r#"read -r _ || { kill -s TERM -- "$0"; sleep 1; kill -s KILL -- "$0"; } 2>/dev/null"#;

/// A process that sleeps at the end of a pipe from this one. However this process ends, the pipe is
/// closed then: killed, panicked or out of `main`. Then it ends the server and all that this has
/// started.
///
/// Linux has a signal for the death of a parent. It reaches the child alone, which for a package
/// runner is not the server; it comes when the *thread* ends that has started the child; and to ask
/// for it takes `unsafe`. This works wherever there is a shell.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    /// Watches over the group that `leader` leads.
    pub(super) fn for_group(leader: u32) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, &format!("-{leader}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // In a group of its own, so that what a terminal sends to this one does not reach it.
        command.process_group(0).env_clear().env("PATH", "/usr/bin:/bin");
        command.spawn().map(Self)
    }

    /// Lets it go: the group has ended.
    pub(super) async fn dismiss(mut self) -> io::Result<()> {
        if let Some(mut pipe) = self.0.stdin.take() {
            pipe.write_all(b"\n").await?;
        }
        self.0.wait().await?;
        Ok(())
    }
}
