//! Runs all work with all clients in separate processes, and prints the costs.

use std::{env, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};

use crate::{
    meter::Cost,
    server::Server,
    table,
    work::{self, CLIENTS, Work},
};

/// The number of measurements of time and memory. The report prints the median.
const TURNS: usize = 3;

/// The cost of work for one client: the median of each round.
struct Measured {
    costs: Vec<Cost>,
    /// Instructions per unit of work.
    instructions: Option<u64>,
}

/// The cost of work for each client. `None` if the client does not do this work.
struct Row {
    work: &'static Work,
    clients: [Option<Measured>; CLIENTS.len()],
}

pub(crate) fn run(part: &str) -> Result<()> {
    let server = Server::start()?;
    let counts = Command::new("valgrind").arg("--version").output().is_ok();
    if !counts {
        println!("Instructions are not counted, because valgrind is not installed.\n");
    }
    let works = work::ALL.iter().filter(|work| work.name.contains(part));
    let rows: Vec<Row> =
        works.map(|work| row(work, server.address(), counts)).collect::<Result<_>>()?;

    println!("Instructions of the client's process, in thousands, for a unit of work:\n");
    print(&rows, |_, measured| Some(measured.instructions? as f64 / 1e3), |work| work.aim);
    println!("CPU time of the client's process, kernel included, in microseconds:\n");
    print(
        &rows,
        |work, measured| Some(micros(measured.costs[0].cpu) / units(work)),
        |work| work.aim,
    );
    println!("Time until it is done, in microseconds:\n");
    print(&rows, |work, measured| Some(micros(measured.costs[0].wall) / units(work)), |_| None);
    println!("Allocations:\n");
    print(
        &rows,
        |work, measured| Some(measured.costs[0].allocations as f64 / units(work)),
        |_| None,
    );
    println!("Memory on the heap at most, above that of a client at rest, in KiB for all units:\n");
    print(&rows, |_, measured| Some(kibibytes(measured.costs[0].heap)), |work| work.memory_aim);
    println!("Memory of the process at most (VmHWM), in KiB:\n");
    print(&rows, |_, measured| Some(kibibytes(measured.costs[0].resident)), |_| None);
    bursts(&rows);
    Ok(())
}

fn row(work: &'static Work, address: &str, counts: bool) -> Result<Row> {
    let mut turns = CLIENTS.map(|_| Vec::new());
    for _ in 0..TURNS {
        for (client, turns) in CLIENTS.iter().zip(&mut turns) {
            if work.supports(client) {
                turns.push(costs(work, client, address)?);
            }
        }
    }
    let mut clients = CLIENTS.map(|_| None);
    for ((client, turns), measured) in CLIENTS.iter().zip(&turns).zip(&mut clients) {
        if turns.is_empty() {
            continue;
        }
        let instructions = match counts && work.counted > 0 {
            true => Some(instructions(work, client, address)?),
            false => None,
        };
        *measured = Some(Measured { costs: medians(turns), instructions });
    }
    Ok(Row { work, clients })
}

fn costs(work: &Work, client: &str, address: &str) -> Result<Vec<Cost>> {
    let output = Command::new(env::current_exe()?)
        .args(["measure", client, work.name, &work.units.to_string(), address])
        .output()?;
    let problem = || String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{client}, {}: {}", work.name, problem());
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Returns the instructions for a unit: the difference between a longer and a shorter run. Work that is
/// done once does not count.
fn instructions(work: &Work, client: &str, address: &str) -> Result<u64> {
    let before = work.counted.div_ceil(4);
    let short = count(work, client, address, before)?;
    let long = count(work, client, address, before + work.counted)?;
    Ok(long.saturating_sub(short) / work.counted as u64)
}

fn count(work: &Work, client: &str, address: &str, units: usize) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["measure", client, work.name, &units.to_string(), address])
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{client}, {}: {report}", work.name);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.with_context(|| format!("valgrind: {report}"))?;
    Ok(count.trim().parse()?)
}

fn medians(turns: &[Vec<Cost>]) -> Vec<Cost> {
    let rounds = 0..turns[0].len();
    let median = |round: usize| Cost {
        wall: middle(turns, |costs| costs[round].wall),
        cpu: middle(turns, |costs| costs[round].cpu),
        allocations: middle(turns, |costs| costs[round].allocations),
        heap: middle(turns, |costs| costs[round].heap),
        resident: middle(turns, |costs| costs[round].resident),
    };
    rounds.map(median).collect()
}

fn middle<T: Ord + Copy>(turns: &[Vec<Cost>], of: impl Fn(&[Cost]) -> T) -> T {
    let mut values: Vec<T> = turns.iter().map(|costs| of(costs)).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Prints a table of one measure. Values in parentheses are relative to the plain client.
fn print(
    rows: &[Row],
    measure: impl Fn(&Work, &Measured) -> Option<f64>,
    aim: impl Fn(&Work) -> Option<f64>,
) {
    let cells = rows.iter().filter_map(|Row { work, clients }| {
        let values = clients.each_ref().map(|one| measure(work, one.as_ref()?));
        // The plain client, or the first client that does this work.
        let base = values.iter().flatten().next().copied()?;
        let shown = values.map(|value| match value {
            Some(value) => format!("{} ({:.2})", rounded(value), value / base),
            None => "-".to_owned(),
        });
        let aim = aim(work).map_or_else(String::new, |aim| format!("{aim:.2}"));
        Some([&[work.name.to_owned()], &shown[..], &[aim]].concat())
    });
    let cells: Vec<_> = cells.collect();
    table::print(&[&["work"], &CLIENTS[..], &["aim"]].concat(), &cells);
}

/// Prints the time until the last of many calls has a response.
fn bursts(rows: &[Row]) {
    let rounds = ["with new connections", "with those of the first round"];
    let cells: Vec<_> = rows
        .iter()
        .filter(|row| row.work.name == work::BURST)
        .flat_map(|row| {
            rounds.iter().enumerate().map(|(round, name)| {
                let millis = row.clients.each_ref().map(|one| {
                    let wall = one.as_ref().map(|one| micros(one.costs[round].wall) / 1e3);
                    wall.map_or_else(String::new, |wall| format!("{wall:.0}"))
                });
                [&[(*name).to_owned()], &millis[..]].concat()
            })
        })
        .collect();
    if !cells.is_empty() {
        println!("{}, in milliseconds until the last is done:\n", work::BURST);
        table::print(&[&["round"], &CLIENTS[..]].concat(), &cells);
    }
}

fn rounded(value: f64) -> String {
    match value {
        ..100.0 => format!("{value:.1}"),
        _ => table::grouped(value.round() as u64),
    }
}

fn units(work: &Work) -> f64 {
    work.units as f64
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn kibibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
