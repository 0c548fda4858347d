//! The verdict: what failed in the run.

use super::{findings::Findings, meter::Usage, minute::Minute, rest::Rest};
use crate::plan::USERS;

const MIN_CALLS_PER_SECOND: f64 = 500.0;
/// The heap that may stay after everything is closed: buffers of the runtime and of this program.
pub(crate) const LEFT_HEAP: u64 = 1024 * 1024;

/// The tasks that belong to no connection, stream or user, one second after all users rest. After a
/// server was replaced, each user may have a task that ends its session, which a fault can delay. The
/// others are those of the stdio server and of sessions that were evicted or dropped.
const OTHER_TASKS: u64 = USERS as u64 + 56;

/// Returns everything that fails the run.
pub(crate) fn failures(
    findings: &Findings,
    minutes: &[Minute],
    rests: &[Rest],
    before: Usage,
    left: Usage,
) -> Vec<String> {
    let mut failures = findings.problems();
    for (kind, error) in findings.errors() {
        if !error.expected {
            failures.push(format!("unexpected error: {kind} ({}): {}", error.count, error.first));
        }
    }
    let measured = minutes.get(1..).unwrap_or_default();
    let (calls, seconds) = measured.iter().fold((0, 0.0), |(calls, seconds), minute| {
        (calls + minute.calls, seconds + minute.duration.as_secs_f64())
    });
    let rate = calls as f64 / seconds;
    if rate < MIN_CALLS_PER_SECOND {
        failures.push(format!("{rate:.0} calls per second, expected {MIN_CALLS_PER_SECOND}"));
    }
    for minute in minutes {
        let (number, tasks) = (minute.number, minute.other_tasks());
        if tasks > OTHER_TASKS {
            failures
                .push(format!("minute {number}: {tasks} other tasks, allowed are {OTHER_TASKS}"));
        }
    }
    if let Some(first) = rests.first() {
        failures.extend(rests.iter().flat_map(|rest| rest.failures(first, before)));
    }
    if left.heap > before.heap + LEFT_HEAP {
        let heap = left.heap - before.heap;
        failures.push(format!("{heap} heap bytes are left after the relay was closed"));
    }
    for (name, before, left) in
        [("file descriptors", before.files, left.files), ("tasks", before.tasks, left.tasks)]
    {
        if left > before {
            failures.push(format!("{} {name} are left after the relay was closed", left - before));
        }
    }
    failures
}
