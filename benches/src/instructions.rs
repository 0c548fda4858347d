//! Counts instructions with valgrind's callgrind.

use std::{env, process::Command};

use anyhow::{Context as _, Result};

use crate::{inputs::Input, readers::Reader, table};

pub(crate) fn print(inputs: &[Input]) -> Result<()> {
    if !available() {
        println!("Instructions are not counted, because valgrind is not installed.");
        return Ok(());
    }
    let mut rows = Vec::new();
    for input in inputs {
        let mut row = vec![input.name.to_owned()];
        let mut ours = None;
        for reader in Reader::ALL {
            let count = of_one(&["read", input.name, reader.name()])?;
            let ours = *ours.get_or_insert(count);
            row.push(format!("{} ({:.2})", table::grouped(count), count as f64 / ours as f64));
        }
        rows.push(row);
    }
    println!("Instructions per read (relative to mcp-types):\n");
    table::print(&[&["input"], &Reader::ALL.map(Reader::name)[..]].concat(), &rows);
    Ok(())
}

pub(crate) fn available() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Returns the instructions of one repetition of this program with `arguments`.
pub(crate) fn of_one(arguments: &[&str]) -> Result<u64> {
    // The first repetition does not count, because it includes the initialization.
    const MORE: u64 = 4;
    let once = count(arguments, 1)?;
    Ok((count(arguments, 1 + MORE)? - once) / MORE)
}

fn count(arguments: &[&str], repetitions: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(arguments)
        .arg(repetitions.to_string())
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.with_context(|| format!("valgrind: {report}"))?;
    Ok(count.trim().parse()?)
}
