//! The whole run: servers, users, minutes, and the verdict.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use futures_util::future::join_all;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    time,
};

use super::{
    control::Control,
    findings::Findings,
    growth::{Growth, MIN_MINUTES, WARM_UP},
    meter::{self, Usage},
    minute::Minute,
    tokens::Tokens,
    user,
    verdict::{self, RESOURCES},
    world::World,
};
use crate::{options::Options, plan::USERS, table};

/// The time until all tasks have ended, after the relay was closed.
const END: Duration = Duration::from_secs(15);

pub(crate) fn run(options: Options) -> Result<()> {
    meter::allow_many_files()?;
    Builder::new_multi_thread().enable_all().build()?.block_on(soak(options))
}

async fn soak(options: Options) -> Result<()> {
    let (control, urls) = Control::start(options.injected).await?;
    let (control, findings) = (Arc::new(control), Arc::<Findings>::default());
    let tokens = Arc::new(Tokens::new(urls, options.injected));
    let minutes = tokio::select! {
        minutes = measure(options, &control, &tokens, &findings) => minutes,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    // On every way out, the servers end by the id of their process.
    if let Some(control) = Arc::into_inner(control) {
        control.end().await?;
    }
    let failures = minutes?;
    if failures.is_empty() {
        println!("passed");
        return Ok(());
    }
    failures.iter().for_each(|failure| println!("FAILED: {failure}"));
    bail!("{} checks failed", failures.len())
}

/// Runs the users for the whole time. Prints each minute, and returns the failures.
async fn measure(
    options: Options,
    control: &Arc<Control>,
    tokens: &Arc<Tokens>,
    findings: &Arc<Findings>,
) -> Result<Vec<String>> {
    let before = Usage::now();
    let world = Arc::new(World::new(
        Arc::clone(control),
        Arc::clone(tokens),
        Arc::clone(findings),
        options.injected,
    )?);
    let mut random = fastrand::Rng::with_seed(options.seed);
    let start = |user| tokio::spawn(user::run(Arc::clone(&world), user, random.fork()));
    let users: Vec<_> = (0..USERS).map(start).collect();
    let mut minutes = Vec::new();
    for number in 1..=options.minutes {
        let minute = Minute::pass(&world, &mut random).await?;
        print_minute(number, &minute);
        minutes.push(minute);
    }
    world.stopped.store(true, Relaxed);
    for ended in join_all(users).await {
        ended?;
    }
    world.relay.close().await.ok();
    drop(world);
    let left = after_end(before).await;
    print(findings, &minutes, before, left);
    Ok(verdict::failures(findings, &minutes, before, left))
}

/// Waits until all tasks have ended, and returns what is left.
async fn after_end(before: Usage) -> Usage {
    let ended = Instant::now();
    loop {
        let left = Usage::now();
        let has_ended = left.tasks <= before.tasks && left.files <= before.files;
        let is_free = left.heap <= before.heap + verdict::LEFT_HEAP;
        if (has_ended && is_free) || ended.elapsed() > END {
            return left;
        }
        time::sleep(Duration::from_millis(200)).await;
    }
}

async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn print_minute(number: u32, minute: &Minute) {
    let Usage { heap, resident, files, tasks } = minute.rest;
    let (rate, mib) = (minute.calls_per_second(), |bytes| bytes as f64 / 1024.0 / 1024.0);
    println!(
        "minute {number}: {rate:.0} calls/s, {} operations; at rest: heap {:.2} MiB, RSS {:.1} MiB, \
         {files} files, {tasks} tasks; at most: heap {:.1} MiB, {} files, {} tasks; \
         servers: {} connections, {} streams, {} sessions",
        minute.operations,
        mib(heap),
        mib(resident),
        mib(minute.most.heap),
        minute.most.files,
        minute.most.tasks,
        minute.servers.connections,
        minute.servers.streams,
        minute.servers.sessions,
    );
}

/// Prints the tables for `BENCHMARKS.md`.
fn print(findings: &Findings, minutes: &[Minute], before: Usage, left: Usage) {
    let mib = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0 / 1024.0);
    let rows: Vec<_> = minutes
        .iter()
        .enumerate()
        // About ten rows of a long run, and the last.
        .filter(|(index, _)| index % (minutes.len() / 10 + 1) == 0 || index + 1 == minutes.len())
        .map(|(index, minute)| {
            let Usage { heap, resident, files, tasks } = minute.rest;
            vec![
                (index + 1).to_string(),
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
    let measured = minutes.get(WARM_UP..).unwrap_or_default();
    let trends: Vec<_> = RESOURCES
        .iter()
        .filter_map(|(name, value, least)| {
            let values: Vec<f64> = measured.iter().map(|minute| value(&minute.rest)).collect();
            let growth = Growth::of(&values, *least)?;
            let row = [growth.grown, growth.allowed].map(|value| format!("{value:.0}"));
            Some([&[(*name).to_owned()], &row[..]].concat())
        })
        .collect();
    match trends.is_empty() {
        true => println!("growth is checked only after {} minutes\n", MIN_MINUTES + WARM_UP),
        false => table::print(&["growth", "by the trend", "allowed"], &trends),
    }
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
