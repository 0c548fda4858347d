//! Prints each minute and each rest, and the tables for `BENCHMARKS.md`.

use super::{findings::Findings, meter::Usage, minute::Minute, rest::Rest};
use crate::table;

/// Prints a minute.
pub(crate) fn minute(minute: &Minute) {
    let Usage { heap, resident, files, tasks } = minute.rest;
    let rate = minute.calls_per_second();
    println!(
        "minute {}: {rate:.0} calls/s, {} operations; at rest: heap {} MiB, RSS {} MiB, \
         {files} files, {tasks} tasks, {} of them others; at most: heap {} MiB, {} files, {} tasks; \
         servers: {} connections, {} streams, {} sessions",
        minute.number,
        minute.operations,
        mib(heap),
        mib(resident),
        minute.other_tasks(),
        mib(minute.most.heap),
        minute.most.files,
        minute.most.tasks,
        minute.servers.connections,
        minute.servers.streams,
        minute.servers.sessions.open,
    );
}

/// Prints a rest.
pub(crate) fn rest(rest: &Rest) {
    let Usage { heap, files, tasks, .. } = rest.usage;
    let sessions = rest.servers.sessions;
    println!(
        "rest of {:.0} s: heap {heap} bytes, {files} files, {tasks} tasks; servers: {} connections, \
         {} sessions, of which the end of {} failed and {} are unknown to the client",
        rest.duration.as_secs_f64(),
        rest.servers.connections,
        sessions.open,
        sessions.end_failed,
        sessions.unknown,
    );
}

fn table_of_rests(rests: &[Rest]) {
    let Some(first) = rests.first() else { return };
    let rows: Vec<_> = rests
        .iter()
        .map(|rest| {
            let Usage { heap, files, tasks, .. } = rest.usage;
            let sessions = rest.servers.sessions;
            vec![
                rest.minute.to_string(),
                mib(heap),
                mib(rest.allowed_heap(first)),
                files.to_string(),
                tasks.to_string(),
                rest.servers.connections.to_string(),
                sessions.open.to_string(),
                sessions.end_failed.to_string(),
            ]
        })
        .collect();
    table::print(
        &[
            "rest after minute",
            "heap, MiB",
            "allowed",
            "files",
            "tasks",
            "connections",
            "sessions",
            "end failed",
        ],
        &rows,
    );
}

fn mib(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1024.0 / 1024.0)
}

/// Prints the tables for `BENCHMARKS.md`.
pub(crate) fn all(
    findings: &Findings,
    minutes: &[Minute],
    rests: &[Rest],
    before: Usage,
    left: Usage,
) {
    let rows: Vec<_> = minutes
        .iter()
        .enumerate()
        // About ten rows of a long run, and the last.
        .filter(|(index, _)| index % (minutes.len() / 10 + 1) == 0 || index + 1 == minutes.len())
        .map(|(_, minute)| {
            let Usage { heap, resident, files, tasks } = minute.rest;
            vec![
                minute.number.to_string(),
                format!("{:.0}", minute.calls_per_second()),
                mib(heap),
                mib(minute.most.heap),
                mib(resident),
                files.to_string(),
                tasks.to_string(),
                minute.servers.connections.to_string(),
            ]
        })
        .collect();
    println!();
    table::print(
        &["minute", "calls/s", "heap, MiB", "at most", "RSS, MiB", "files", "tasks", "connections"],
        &rows,
    );
    table_of_rests(rests);
    let (calls, operations) = findings.counts();
    println!(
        "{} calls in {} operations; {} ran on the HTTP servers. After the relay was closed: \
         {} bytes on the heap, {} files and {} tasks more than before.\n",
        table::grouped(calls),
        table::grouped(operations),
        table::grouped(minutes.last().map_or(0, |minute| minute.servers.ran)),
        left.heap as i64 - before.heap as i64,
        left.files as i64 - before.files as i64,
        left.tasks as i64 - before.tasks as i64,
    );
    let errors = findings.errors();
    let rows: Vec<_> = errors
        .iter()
        .map(|(kind, error)| {
            let expected = if error.expected { "yes" } else { "no" };
            vec![kind.clone(), table::grouped(error.count), expected.to_owned()]
        })
        .collect();
    table::print(&["error", "count", "expected"], &rows);
}
