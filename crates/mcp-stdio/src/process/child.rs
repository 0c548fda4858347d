//! A process and all that it starts, from beginning to end.

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

/// How long it may take until killed orphans are gone.
const REAP_TIMEOUT: Duration = Duration::from_secs(1);

/// A process that leads a group (on Windows: a job) of its own.
#[derive(Debug)]
pub(super) struct ChildProcess {
    child: Box<dyn ChildWrapper>,
    #[cfg(unix)]
    watchdog: Option<Watchdog>,
    ended: bool,
}

/// Its ends of the pipes.
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl ChildProcess {
    /// Starts it.
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

    /// Waits until it has ended by itself, whatever it leaves behind.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        // Its group would be waited for too, as far as orphans are left to this process: to the first
        // one of a container they are.
        self.child.inner_mut().wait().await
    }

    /// Ends it, whose input is closed already, with ever less patience (MCP basic/lifecycle,
    /// "Shutdown").
    pub(super) async fn shut_down(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        if let Ok(status) = timeout(grace, self.wait()).await {
            return status;
        }
        #[cfg(unix)]
        {
            /// The number of `SIGTERM`, which POSIX has fixed.
            const SIGTERM: i32 = 15;
            self.child.signal(SIGTERM)?;
            if let Ok(status) = timeout(grace, self.wait()).await {
                return status;
            }
        }
        self.child.start_kill()?;
        self.wait().await
    }

    /// Ends what it has started, after itself.
    pub(super) async fn kill_group(mut self) {
        // It fails where there is nothing left to end.
        if self.child.start_kill().is_ok() {
            // Orphans that are left to this process are buried by it.
            drop(timeout(REAP_TIMEOUT, self.child.wait()).await);
        }
        self.ended = true;
        #[cfg(unix)]
        if let Some(watchdog) = self.watchdog.take()
            && let Err(error) = watchdog.dismiss().await
        {
            tracing::debug!(%error, "a watchdog had gone before");
        }
    }
}

#[cfg(unix)]
fn start_watchdog(leader: u32) -> Option<Watchdog> {
    Watchdog::for_group(leader)
        .inspect_err(|error| {
            tracing::warn!(%error, "a server may outlive an application that is killed");
        })
        .ok()
}

/// The watchdog, where there is one, ends the process in better order.
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
