//! A long rest: all users wait, the sessions are closed, and the HTTP connections end. What remains
//! must be the same at each rest.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time;

use super::{meter::Usage, minute, world::World};
use crate::plan::{ServerReport, USERS};

/// The maximum time until all connections have ended. The client closes a connection that is idle
/// for 90 seconds, and looks for these each 90 seconds. Another 20 seconds are for a busy machine.
const LIMIT: Duration = Duration::from_secs(200);
/// The time between two looks at the resources.
const SAMPLE: Duration = Duration::from_millis(200);

/// The tasks of a relay without sessions and connections: the users, and one that closes idle
/// connections.
const TASKS: u64 = USERS as u64 + 1;
/// The heap that may be added between two rests: tables keep the capacity of their highest count,
/// such as 2,048 entries of 64 bytes in the connection pool, and the findings have new kinds.
const HEAP_NOISE: u64 = 256 * 1024;
/// The heap of one remembered id, at most. The relay remembers the servers of tokens, and the calls
/// that were resumed, up to a limit that no run reaches. An entry has about 50 bytes, in a table
/// that is half empty after it has grown, and an allocation of about 50 bytes.
const HEAP_OF_AN_ID: u64 = 160;

/// A call that is dropped while it waits for the response to `initialize` leaves a session that the
/// client does not know. Calls are dropped within 100 ms, a tenth of them opens a session, and the
/// response takes about a millisecond: one in a thousand.
const CALLS_OF_UNKNOWN: u64 = 1_000;

/// The resources at the end of a rest.
#[derive(Debug)]
pub(crate) struct Rest {
    /// The minutes from the start of the run to the start of the rest.
    pub(crate) minute: u64,
    pub(crate) duration: Duration,
    pub(crate) usage: Usage,
    pub(crate) servers: ServerReport,
    /// The number of ids that the relay remembers.
    remembered: u64,
    /// The number of calls that users have dropped.
    dropped_calls: u64,
}

impl Rest {
    /// Rests until all sessions are closed and all connections have ended.
    pub(crate) async fn take(world: &World, start_of_run: Instant, before: Usage) -> Result<Self> {
        let resting = world.rest.write().await;
        let (started, minute) = (Instant::now(), start_of_run.elapsed().as_secs() / 60);
        // Only the first error of all servers is returned. The servers count what was not closed.
        drop(world.relay.close().await);
        loop {
            let (usage, servers) = (Usage::now(), minute::check_servers(world).await?);
            let has_ended = servers.connections == 0
                && usage.tasks <= before.tasks + TASKS
                && usage.files <= before.files;
            let duration = started.elapsed();
            if has_ended || duration > LIMIT {
                drop(resting);
                let (remembered, dropped_calls) = (world.remembered(), world.findings.dropped());
                return Ok(Self { minute, duration, usage, servers, remembered, dropped_calls });
            }
            time::sleep(SAMPLE).await;
        }
    }

    /// Returns the heap bytes that are allowed at this rest.
    pub(crate) fn allowed_heap(&self, first: &Self) -> u64 {
        let remembered = self.remembered - first.remembered;
        first.usage.heap + HEAP_NOISE + remembered * HEAP_OF_AN_ID
    }

    /// Returns what has grown, or was not closed. `before` is from the start of the process.
    pub(crate) fn failures(&self, first: &Self, before: Usage) -> Vec<String> {
        let sessions = self.servers.sessions;
        [
            ("heap bytes", self.usage.heap, self.allowed_heap(first)),
            ("file descriptors", self.usage.files, before.files),
            ("tasks", self.usage.tasks, before.tasks + TASKS),
            ("connections", self.servers.connections as u64, 0),
            // The client has no session. What the servers have is there because its end failed.
            ("sessions", (sessions.open - sessions.unknown) as u64, sessions.end_failed as u64),
            ("unknown sessions", sessions.unknown as u64, self.dropped_calls / CALLS_OF_UNKNOWN),
        ]
        .into_iter()
        .filter(|(_, found, allowed)| found > allowed)
        .map(|(name, found, allowed)| {
            let minute = self.minute;
            format!("rest after minute {minute}: {found} {name}, allowed are {allowed}")
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SessionCounts;

    fn rest(heap: u64, remembered: u64) -> Rest {
        let usage = Usage { heap, tasks: TASKS, ..Usage::default() };
        let (duration, servers) = (Duration::ZERO, ServerReport::default());
        Rest { minute: 1, duration, usage, servers, remembered, dropped_calls: 1_000 }
    }

    fn count_failures(rest: &Rest) -> usize {
        rest.failures(&self::rest(10_000_000, 100), Usage::default()).len()
    }

    #[test]
    fn heap_may_grow_only_by_noise_and_remembered_ids() {
        assert_eq!(count_failures(&rest(10_000_000 + HEAP_NOISE, 100)), 0);
        assert_eq!(count_failures(&rest(10_000_001 + HEAP_NOISE, 100)), 1);
        assert_eq!(count_failures(&rest(10_001_600 + HEAP_NOISE, 110)), 0);
        assert_eq!(count_failures(&rest(10_001_601 + HEAP_NOISE, 110)), 1);
    }

    #[test]
    fn a_task_or_file_or_connection_that_stays_is_a_failure() {
        let mut more = rest(10_000_000, 100);
        more.usage.tasks += 1;
        assert_eq!(count_failures(&more), 1);
        more.usage.files += 1;
        assert_eq!(count_failures(&more), 2);
        more.servers.connections += 1;
        assert_eq!(count_failures(&more), 3);
    }

    #[test]
    fn a_session_stays_only_if_its_end_failed() {
        let mut open = rest(10_000_000, 100);
        open.servers.sessions = SessionCounts { open: 2, end_failed: 2, unknown: 0 };
        assert_eq!(count_failures(&open), 0);
        open.servers.sessions = SessionCounts { open: 2, end_failed: 1, unknown: 0 };
        assert_eq!(count_failures(&open), 1);
        open.servers.sessions = SessionCounts { open: 2, end_failed: 1, unknown: 1 };
        assert_eq!(count_failures(&open), 0, "a call was dropped");
        open.servers.sessions = SessionCounts { open: 2, end_failed: 0, unknown: 2 };
        assert_eq!(count_failures(&open), 1);
    }
}
