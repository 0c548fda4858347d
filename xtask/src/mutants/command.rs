//! The command `cargo xtask mutants`.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use aws_lc_rs::rand;

use super::{
    report::Report,
    scratch,
    table::{self, Fault},
    trial::Trials,
};
use crate::test_binary;

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Try only these faults, by id or a part of it.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Try this number of faults, chosen at random.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// The number of faults that are tried at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Check that each fault still has its place in the code. Build and run nothing.
    #[arg(long)]
    check: bool,
}

/// Tries faults. Fails if a fault is stale, or if the tests fail without a fault.
pub(crate) fn run(options: &Options) -> Result<()> {
    let faults = table::load()?;
    if options.check {
        scratch::check(&faults)?;
        println!("{} faults", faults.len());
        return Ok(());
    }
    let copy = scratch::create(&faults)?;
    println!("{} faults are in {}", faults.len(), copy.display());
    let binaries = test_binary::build(&copy, &scratch::folder().join("target"))?;
    let logs = scratch::folder().join("logs");
    fs::create_dir_all(&logs)?;
    let trials = Trials { binaries, logs };
    println!("running all tests without a fault");
    trials.run_without_fault()?;
    let report = try_all(&trials, selected(faults, options)?, options.jobs)?;
    print!("{report}");
    println!("{} survived", report.survivor_count());
    Ok(())
}

/// Returns the faults to try.
fn selected(faults: Vec<Fault>, options: &Options) -> Result<Vec<Fault>> {
    let is_selected = |fault: &Fault| {
        options.only.is_empty() || options.only.iter().any(|part| fault.row.id.contains(part))
    };
    let mut faults: Vec<_> = faults.into_iter().filter(is_selected).collect();
    ensure!(!faults.is_empty(), "no fault has such an id");
    if let Some(count) = options.sample {
        let mut bytes = vec![0; faults.len() * 4];
        rand::fill(&mut bytes).map_err(|_| anyhow!("there are no random numbers"))?;
        let mut order: Vec<_> = bytes.chunks(4).zip(faults).collect();
        order.sort_by_key(|(key, _)| *key);
        faults = order.into_iter().take(count).map(|(_, fault)| fault).collect();
    }
    Ok(faults)
}

/// Tries all faults, some at the same time.
fn try_all(trials: &Trials, faults: Vec<Fault>, jobs: usize) -> Result<Report> {
    let queue = Mutex::new(faults.into_iter());
    let report = Mutex::new(Report::default());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<()> {
        while let Some(fault) = next() {
            let verdict = trials.run_with(&fault).with_context(|| fault.row.id.clone())?;
            report.lock().unwrap_or_else(PoisonError::into_inner).add(&fault, &verdict);
        }
        Ok(())
    };
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow!("a worker panicked"))??;
        }
        Ok(())
    })?;
    Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
}
