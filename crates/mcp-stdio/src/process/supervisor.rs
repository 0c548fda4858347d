//! The supervisor of a process, from its start until its descendants have exited.

use std::{future::pending, sync::Arc, time::Duration};

use mcp_client::{Multiplexer, SessionId};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{child::ChildProcess, spec::Spec, stderr::Stderr};
use crate::{
    connection::Connection,
    error::{Error, ExitReason, StderrTail},
    io_task::wait_for_stop,
};

/// The time limit for a process to exit after it has closed its output.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);
/// The time limit for reading the remaining output of an exited process.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// A process and the connection to it. Dropping it shuts the process down.
#[derive(Debug)]
pub(crate) struct ProcessHandle {
    pub(crate) connection: Connection,
    stop: watch::Sender<bool>,
    state: watch::Receiver<ProcessState>,
}

/// The state of a process.
#[derive(Debug, Clone)]
enum ProcessState {
    Running,
    /// The process is shutting down and accepts no more messages.
    Stopping,
    Exited(ProcessExit),
}

/// The exit of a process.
#[derive(Debug, Clone)]
pub(crate) struct ProcessExit {
    pub(crate) uptime: Duration,
    pub(crate) error: Error,
    /// True if this crate shut down the process, on request or after the idle timeout.
    pub(crate) requested: bool,
}

struct Supervisor {
    process: ChildProcess,
    program: String,
    multiplexer: Multiplexer,
    io_task: JoinHandle<()>,
    stderr_task: JoinHandle<()>,
    stderr: Stderr,
    /// Stops writing to the process, which closes its input.
    stop_writing: watch::Sender<bool>,
    stop_received: watch::Receiver<bool>,
    state: watch::Sender<ProcessState>,
    idle_timeout: Option<Duration>,
    shutdown_timeout: Duration,
}

impl ProcessHandle {
    /// Starts the process. `session` identifies the process. All its callers use it as their session
    /// id.
    pub(crate) fn start(spec: &Spec, session: SessionId) -> Result<Self, Error> {
        let program = spec.program();
        let started = spec.command().and_then(ChildProcess::start);
        let (process, pipes) = started.map_err(|error| {
            let program = program.clone();
            Error::Spawn { program, source: Arc::new(error) }
        })?;
        tracing::debug!(program, "server process started");
        let redactor = spec.redactor();
        let (connection, io_task) =
            Connection::new(Some(session), spec.max_message_size, redactor.clone());
        let stderr = Stderr::new(redactor, spec.on_stderr.clone());
        let (stop_writing, writing_stopped) = watch::channel(false);
        let (stop, stop_received) = watch::channel(false);
        let (state, state_receiver) = watch::channel(ProcessState::Running);
        let supervisor = Supervisor {
            process,
            program,
            multiplexer: connection.multiplexer.clone(),
            io_task: tokio::spawn(io_task.run(pipes.stdout, pipes.stdin, writing_stopped)),
            stderr_task: tokio::spawn(stderr.clone().read_all(pipes.stderr)),
            stderr,
            stop_writing,
            stop_received,
            state,
            idle_timeout: spec.idle_timeout,
            shutdown_timeout: spec.shutdown_timeout,
        };
        tokio::spawn(supervisor.run());
        Ok(Self { connection, stop, state: state_receiver })
    }

    /// Returns whether the process accepts messages.
    pub(crate) fn is_running(&self) -> bool {
        matches!(*self.state.borrow(), ProcessState::Running)
    }

    /// Requests the shutdown of the process.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the process and its descendants have exited. Returns `None` if the runtime shuts
    /// down first.
    pub(crate) async fn wait_for_exit(&self) -> Option<ProcessExit> {
        let mut state = self.state.clone();
        let exited = state.wait_for(|state| matches!(state, ProcessState::Exited(_))).await;
        match exited.as_deref() {
            Ok(ProcessState::Exited(exit)) => Some(exit.clone()),
            _ => None,
        }
    }
}

impl Supervisor {
    async fn run(mut self) {
        let started_at = Instant::now();
        let mut reason = self.wait_for_exit_reason().await;
        self.state.send_replace(ProcessState::Stopping);
        self.stop_writing.send_replace(true);
        if reason == ExitReason::ClosedStdio
            && let Ok(Ok(status)) = timeout(EXIT_TIMEOUT, self.process.wait()).await
        {
            reason = ExitReason::Exited(status);
        }
        if !matches!(reason, ExitReason::Exited(_))
            && let Err(error) = self.process.shut_down(self.shutdown_timeout).await
        {
            tracing::warn!(program = self.program, %error, "cannot stop the server process");
        }
        self.process.kill_group().await;
        let output = async {
            for task in [&mut self.io_task, &mut self.stderr_task] {
                if !task.is_finished() {
                    let _ = task.await;
                }
            }
        };
        if let Err(_elapsed) = timeout(OUTPUT_TIMEOUT, output).await {
            self.io_task.abort();
            self.stderr_task.abort();
        }
        tracing::debug!(program = self.program, %reason, "server process exited");
        let (program, stderr) = (self.program, self.stderr.tail());
        let error = move |sent| {
            let (program, stderr) = (program.clone(), Arc::clone(&stderr));
            Error::Exited { program, reason, sent, stderr: StderrTail(stderr) }
        };
        let requested = reason == ExitReason::ShutDown;
        let exit = ProcessExit { uptime: started_at.elapsed(), error: error(true), requested };
        self.multiplexer.close(move |sent| error(sent).into());
        self.state.send_replace(ProcessState::Exited(exit));
    }

    /// Waits until the process exits or is to be shut down, and returns the reason.
    async fn wait_for_exit_reason(&mut self) -> ExitReason {
        tokio::select! {
            status = self.process.wait() => status.map_or(ExitReason::ClosedStdio, ExitReason::Exited),
            _ = &mut self.io_task => ExitReason::ClosedStdio,
            () = wait_for_stop(&mut self.stop_received) => ExitReason::ShutDown,
            () = wait_for_idle(self.idle_timeout, &self.multiplexer) => ExitReason::ShutDown,
        }
    }
}

/// Waits until the process has been idle for `limit`. Without a limit, waits forever.
async fn wait_for_idle(limit: Option<Duration>, multiplexer: &Multiplexer) {
    let Some(limit) = limit else { return pending().await };
    loop {
        let idle = multiplexer.idle_time().unwrap_or_default();
        if idle >= limit {
            return;
        }
        sleep(limit - idle).await;
    }
}
