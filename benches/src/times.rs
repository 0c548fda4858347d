//! Measures times in turns.

use std::time::{Duration, Instant};

use crate::{inputs::Input, readers::Reader, table};

const ROUNDS: usize = 101;
/// The minimum duration of a turn, so that reading the clock does not matter.
const TURN: Duration = Duration::from_millis(2);

pub(crate) fn print(inputs: &[Input]) {
    let mut times = Vec::new();
    let mut quotients = Vec::new();
    for input in inputs {
        let all = measure(input);
        let bytes = table::grouped(input.text.len() as u64);
        let mut row = vec![input.name.to_owned(), bytes];
        row.extend(all.iter().map(|times| shown(times, input.text.len())));
        times.push(row);
        let mut row = vec![input.name.to_owned()];
        row.extend(all[1..].iter().map(|other| quotient(other, &all[0])));
        quotients.push(row);
    }
    println!("Microseconds, median of {ROUNDS} turns (MB/s; lower and upper quartile):\n");
    let names = Reader::ALL.map(Reader::name);
    table::print(&[&["input", "bytes"], &names[..]].concat(), &times);
    println!("Time relative to mcp-types, median of the turns (quartiles):\n");
    table::print(&[&["input"], &names[1..]].concat(), &quotients);
}

/// Returns the microseconds per read for each reader and turn.
fn measure(input: &Input) -> Vec<Vec<f64>> {
    let counts = Reader::ALL.map(|reader| {
        let begun = Instant::now();
        reader.read(input);
        let once = begun.elapsed().max(Duration::from_nanos(100));
        (TURN.as_nanos() / once.as_nanos()).clamp(1, 100_000) as u32
    });
    let mut all = vec![Vec::with_capacity(ROUNDS); counts.len()];
    for _ in 0..ROUNDS {
        for ((reader, count), times) in Reader::ALL.iter().zip(counts).zip(&mut all) {
            let begun = Instant::now();
            for _ in 0..count {
                reader.read(input);
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(count));
        }
    }
    all
}

fn shown(times: &[f64], bytes: usize) -> String {
    let [lower, median, upper] = quartiles(times);
    let speed = bytes as f64 / median;
    format!("{median:.1} ({speed:.0}; {lower:.1}–{upper:.1})")
}

fn quotient(other: &[f64], ours: &[f64]) -> String {
    let quotients: Vec<f64> = other.iter().zip(ours).map(|(other, ours)| other / ours).collect();
    let [lower, median, upper] = quartiles(&quotients);
    format!("{median:.2} ({lower:.2}–{upper:.2})")
}

fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted[sorted.len() * quarter / 4])
}
