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
    meter::{self, Usage},
    minute::Minute,
    print,
    rest::Rest,
    tokens::Tokens,
    user, verdict,
    world::World,
};
use crate::{options::Options, plan::USERS};

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

const MINUTE: Duration = Duration::from_secs(60);
/// The longest time between two rests. A short run rests at least twice.
const REST_INTERVAL: Duration = Duration::from_secs(10 * 60);

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
    let (mut minutes, mut rests) = (Vec::new(), Vec::new());
    let duration = MINUTE * options.minutes;
    let interval = REST_INTERVAL.min(duration / 2);
    let (started, mut rested) = (Instant::now(), Instant::now());
    while started.elapsed() < duration || rests.len() < 2 {
        let minute = Minute::pass(&world, started, &mut random).await?;
        print::minute(&minute);
        minutes.push(minute);
        if rested.elapsed() >= interval || started.elapsed() >= duration {
            let rest = Rest::take(&world, started, before).await?;
            rested = Instant::now();
            print::rest(&rest);
            rests.push(rest);
        }
    }
    world.stopped.store(true, Relaxed);
    for ended in join_all(users).await {
        ended?;
    }
    world.relay.close().await.ok();
    drop(world);
    let left = after_end(before).await;
    print::all(findings, &minutes, &rests, before, left);
    Ok(verdict::failures(findings, &minutes, &rests, before, left))
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
