//! One minute of the run: its calls, and the resources at its end, while all users rest.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time;

use super::{meter::Usage, world::World};
use crate::plan::{ServerReport, USERS};

/// The time between two looks at the resources.
const SAMPLE: Duration = Duration::from_secs(1);
/// The time that tasks have to end, after all users rest.
const SETTLE: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// The time between two replacements of a server.
const REPLACE_SECONDS: u64 = 7;

#[derive(Debug)]
pub(crate) struct Minute {
    /// The minutes since the start, at its end.
    pub(crate) number: u64,
    pub(crate) calls: u64,
    pub(crate) operations: u64,
    /// With the rest at its end.
    pub(crate) duration: Duration,
    /// The resources while all users rest.
    pub(crate) rest: Usage,
    /// The highest values of the minute.
    pub(crate) most: Usage,
    pub(crate) servers: ServerReport,
}

impl Minute {
    /// Returns the tasks that belong to no connection, no stream and no user. A stream has a task that
    /// reads it, and one that keeps its subscription or its session.
    pub(crate) fn other_tasks(&self) -> u64 {
        let known = self.servers.connections + 2 * self.servers.streams + USERS;
        self.rest.tasks.saturating_sub(known as u64)
    }

    pub(crate) fn calls_per_second(&self) -> f64 {
        self.calls as f64 / self.duration.as_secs_f64()
    }

    /// Waits for a minute, and measures it.
    pub(crate) async fn pass(
        world: &World,
        start_of_run: Instant,
        random: &mut fastrand::Rng,
    ) -> Result<Self> {
        let started = Instant::now();
        let (calls, operations) = world.findings.counts();
        let mut most = Usage::default();
        let mut seconds = 0;
        while started.elapsed() < MINUTE {
            time::sleep(SAMPLE).await;
            most = most.max(Usage::now());
            seconds += 1;
            if seconds % REPLACE_SECONDS == 0 {
                world.replace(random.usize(..crate::plan::NAMES.len()))?;
            }
        }
        let resting = world.rest.write().await;
        let (calls_now, operations_now) = world.findings.counts();
        time::sleep(SETTLE).await;
        let rest = Usage::now();
        let servers = check_servers(world).await?;
        drop(resting);
        Ok(Self {
            number: start_of_run.elapsed().as_secs() / 60,
            calls: calls_now - calls,
            operations: operations_now - operations,
            duration: started.elapsed(),
            rest,
            most,
            servers,
        })
    }
}

/// Gets the report of the servers, and checks that calls did not run if their errors say so.
pub(crate) async fn check_servers(world: &World) -> Result<ServerReport> {
    for number in world.control.which_ran(world.findings.take_not_run()).await? {
        let what = format!("call {number} ran, and its error says that it did not");
        world.findings.problem(what);
    }
    let report = world.control.report().await?;
    for problem in &report.problems {
        world.findings.problem(problem.clone());
    }
    Ok(report)
}
