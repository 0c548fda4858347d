//! A child process and its descendants: starting, waiting for and ending them.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

#[cfg(windows)]
use process_wrap::tokio::JobObject;
#[cfg(unix)]
use process_wrap::tokio::ProcessGroup;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::{
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

#[cfg(unix)]
use super::watchdog::Watchdog;

/// The time limit for reaping killed descendants.
const REAP_TIMEOUT: Duration = Duration::from_secs(1);

/// A child process that leads its own process group (on Windows: job).
#[derive(Debug)]
pub(super) struct ChildProcess {
    child: Box<dyn ChildWrapper>,
    #[cfg(unix)]
    watchdog: Option<Watchdog>,
    ended: bool,
}

/// The pipes to the standard streams of a child process.
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl ChildProcess {
    /// Starts the process.
    pub(super) fn start(mut command: Command) -> io::Result<(Self, Pipes)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::KillOnDrop).wrap(JobObject);
        let mut child = command.spawn()?;
        let pipes = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let process = Self {
            #[cfg(unix)]
            watchdog: child.id().and_then(start_watchdog),
            child,
            ended: false,
        };
        match pipes {
            (Some(stdin), Some(stdout), Some(stderr)) => {
                Ok((process, Pipes { stdin, stdout, stderr }))
            }
            _ => Err(io::Error::other("the process has no pipes")),
        }
    }

    /// Waits for the process itself to exit, not for its descendants.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        // Waiting for the group would also wait for descendants whose parent has exited, if this
        // process is the first of a container and inherits them.
        self.child.inner_mut().wait().await
    }

    /// Shuts the process down after its input was closed (MCP basic/lifecycle, "Shutdown"). It
    /// waits, sends `SIGTERM`, waits again, and kills the process.
    pub(super) async fn shut_down(&mut self, shutdown_timeout: Duration) -> io::Result<ExitStatus> {
        if let Ok(status) = timeout(shutdown_timeout, self.wait()).await {
            return status;
        }
        #[cfg(unix)]
        {
            /// The signal number that POSIX defines.
            const SIGTERM: i32 = 15;
            self.child.signal(SIGTERM)?;
            if let Ok(status) = timeout(shutdown_timeout, self.wait()).await {
                return status;
            }
        }
        self.child.start_kill()?;
        self.wait().await
    }

    /// Kills the descendants after the process has exited.
    pub(super) async fn kill_group(mut self) {
        // This fails if there is nothing left to kill.
        if self.child.start_kill().is_ok() {
            // Reaps the descendants that this process has inherited.
            drop(timeout(REAP_TIMEOUT, self.child.wait()).await);
        }
        self.ended = true;
        #[cfg(unix)]
        if let Some(watchdog) = self.watchdog.take()
            && let Err(error) = watchdog.dismiss().await
        {
            tracing::debug!(%error, "cannot end the watchdog");
        }
    }
}

#[cfg(unix)]
fn start_watchdog(leader: u32) -> Option<Watchdog> {
    Watchdog::for_group(leader)
        .inspect_err(|error| {
            tracing::warn!(%error, "cannot start the watchdog; the server may outlive an application that is killed");
        })
        .ok()
}

/// Kills the process unless there is a watchdog, which ends it more gracefully.
impl Drop for ChildProcess {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.watchdog.is_some() {
            return;
        }
        if !self.ended {
            drop(self.child.start_kill());
        }
    }
}
