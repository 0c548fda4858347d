//! Whoever looks after a process, from its start until nothing is left of it.

use std::{future::pending, sync::Arc, time::Duration};

use mcp_client::{SessionId, Switchboard};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{child::Process, spec::Spec, stderr::Stderr};
use crate::{
    connection::Connection,
    error::{End, Error},
    io_task::stopped,
};

/// How long a process that has closed its output may take to end by itself.
const MUTE: Duration = Duration::from_millis(500);
/// How long what an ended process has printed is read on.
const REST: Duration = Duration::from_millis(500);

/// A process that was started, and the way to it. Dropped, it is shut down.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) connection: Connection,
    stop: watch::Sender<bool>,
    stage: watch::Receiver<Stage>,
}

/// How it stands with the process.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    Alive,
    /// It takes no more messages.
    Ending,
    Ended(Ended),
}

/// The end of a process.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) lived: Duration,
    pub(crate) error: Error,
    /// It was asked for.
    pub(crate) in_order: bool,
}

struct Keeper {
    process: Process,
    program: String,
    board: Switchboard,
    lanes: JoinHandle<()>,
    draining: JoinHandle<()>,
    stderr: Stderr,
    /// Ends what is written to the process.
    quiet: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
    stage: watch::Sender<Stage>,
    idle: Option<Duration>,
    grace: Duration,
}

impl Running {
    /// Starts the process, whose conversations are those of `session`.
    pub(crate) fn start(spec: &Spec, session: SessionId) -> Result<Self, Error> {
        let program = spec.program();
        let (process, pipes) = Process::start(spec.command()).map_err(|error| {
            let program = program.clone();
            Error::Start { program, source: Arc::new(error) }
        })?;
        tracing::debug!(program, "a server was started");
        let (connection, lanes) = Connection::new(Some(session), spec.message_limit, spec.mask());
        let stderr = Stderr::new(spec.mask(), spec.on_stderr.clone());
        let (quiet, quieted) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let (stage, seen) = watch::channel(Stage::Alive);
        let keeper = Keeper {
            process,
            program,
            board: connection.board.clone(),
            lanes: tokio::spawn(lanes.serve(pipes.stdout, pipes.stdin, quieted)),
            draining: tokio::spawn(stderr.clone().drain(pipes.stderr)),
            stderr,
            quiet,
            stopped,
            stage,
            idle: spec.idle,
            grace: spec.grace,
        };
        tokio::spawn(keeper.keep());
        Ok(Self { connection, stop, stage: seen })
    }

    /// Whether it takes messages.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Alive)
    }

    /// Asks for it to be shut down.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until nothing is left of it. There is no end to tell of where the runtime has ended first.
    pub(crate) async fn ended(&self) -> Option<Ended> {
        let mut stage = self.stage.clone();
        let ended = stage.wait_for(|stage| matches!(stage, Stage::Ended(_))).await;
        match ended.as_deref() {
            Ok(Stage::Ended(ended)) => Some(ended.clone()),
            _ => None,
        }
    }
}

impl Keeper {
    async fn keep(mut self) {
        let began = Instant::now();
        let mut end = self.end_of_life().await;
        self.stage.send_replace(Stage::Ending);
        self.quiet.send_replace(true);
        if end == End::Mute
            && let Ok(Ok(status)) = timeout(MUTE, self.process.wait()).await
        {
            end = End::Exited(status);
        }
        if !matches!(end, End::Exited(_))
            && let Err(error) = self.process.end(self.grace).await
        {
            tracing::warn!(program = self.program, %error, "a server could not be ended");
        }
        self.process.end_rest().await;
        let rest = async {
            for task in [&mut self.lanes, &mut self.draining] {
                if !task.is_finished() {
                    let _ = task.await;
                }
            }
        };
        if let Err(_elapsed) = timeout(REST, rest).await {
            self.lanes.abort();
            self.draining.abort();
        }
        tracing::debug!(program = self.program, %end, "a server has ended");
        let (program, stderr) = (self.program, self.stderr.text());
        let error = move |sent| {
            let (program, stderr) = (program.clone(), Arc::clone(&stderr));
            Error::Ended { program, end, sent, stderr }
        };
        let in_order = end == End::Closed;
        let ended = Ended { lived: began.elapsed(), error: error(true), in_order };
        self.board.close(move |sent| error(sent).into());
        self.stage.send_replace(Stage::Ended(ended));
    }

    /// Waits for a reason to end.
    async fn end_of_life(&mut self) -> End {
        tokio::select! {
            status = self.process.wait() => status.map_or(End::Mute, End::Exited),
            _ = &mut self.lanes => End::Mute,
            () = stopped(&mut self.stopped) => End::Closed,
            () = idle(self.idle, &self.board) => End::Closed,
        }
    }
}

/// Waits until nobody has used the process for so long.
async fn idle(limit: Option<Duration>, board: &Switchboard) {
    let Some(limit) = limit else { return pending().await };
    loop {
        let idle = board.idle().unwrap_or_default();
        if idle >= limit {
            return;
        }
        sleep(limit - idle).await;
    }
}
