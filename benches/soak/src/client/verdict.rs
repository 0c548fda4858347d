//! The verdict: what failed in the run.

use super::{
    findings::Findings,
    growth::{Growth, WARM_UP},
    meter::Usage,
    minute::Minute,
};

const MIN_CALLS_PER_SECOND: f64 = 500.0;
const MIB: f64 = 1024.0 * 1024.0;
/// The heap that may stay after everything is closed: buffers of the runtime and of this program.
pub(crate) const LEFT_HEAP: u64 = 1024 * 1024;

/// The resources whose growth fails the run, with the growth that is always allowed.
pub(crate) const RESOURCES: [(&str, fn(&Usage) -> f64, f64); 3] = [
    ("heap bytes", |usage| usage.heap as f64, MIB),
    ("file descriptors", |usage| usage.files as f64, 50.0),
    ("tasks", |usage| usage.tasks as f64, 50.0),
];

/// Returns everything that fails the run.
pub(crate) fn failures(
    findings: &Findings,
    minutes: &[Minute],
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
    let measured = minutes.get(WARM_UP..).unwrap_or_default();
    for (name, value, least) in RESOURCES {
        let values: Vec<f64> = measured.iter().map(|minute| value(&minute.rest)).collect();
        if let Some(growth) = Growth::of(&values, least).filter(Growth::is_leak) {
            let Growth { grown, allowed } = growth;
            failures.push(format!("{name} have grown by {grown:.0}, allowed are {allowed:.0}"));
        }
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
