//! Counts the instructions of a call with valgrind's callgrind, only for the client and without the
//! kernel.

use std::{env, process::Command};

use anyhow::{Context, Result};

use crate::{IN_FLIGHT, NAMES, print_header};

/// The number of calls. The difference between a run with twice as many and one with as many is
/// counted.
const CALLS: u64 = 1_280;

pub(crate) fn print() -> Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("\nInstructions are not counted, because valgrind is not installed.");
        return Ok(());
    }
    println!("\nInstructions per call (relative to the bare client):\n");
    print_header();
    for in_flight in IN_FLIGHT {
        let [bare, ours, theirs] = NAMES.map(|client| of_a_call(client, in_flight));
        let counts = [bare?, ours?, theirs?];
        let shown = counts.map(|count| format!("{count} ({:.2})", count as f64 / counts[0] as f64));
        println!("| {in_flight} | {} |", shown.join(" | "));
    }
    Ok(())
}

fn of_a_call(client: &str, in_flight: usize) -> Result<u64> {
    let once = count(client, in_flight, CALLS)?;
    Ok((count(client, in_flight, 2 * CALLS)? - once) / CALLS)
}

fn count(client: &str, in_flight: usize, calls: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["calls", client, &in_flight.to_string(), &calls.to_string()])
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.with_context(|| format!("valgrind: {report}"))?;
    Ok(count.trim().parse()?)
}
