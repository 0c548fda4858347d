//! A client that runs one operation against a hostile server, and prints a report.
//!
//! It is a process of its own, so that its memory, its traces and its end can be measured. The
//! first argument is a [`Task`] as JSON.
#![allow(clippy::print_stdout, reason = "that is how it tells the test")]

use std::time::{Duration, Instant};

mod operation;
mod report;
mod secrecy;
mod task;
mod traces;

use report::Report;
use task::Task;
use traces::Traces;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let task = std::env::args().nth(1).expect("a task");
    let task: Task = serde_json::from_str(&task).expect("a task");
    let traces = Traces::capture();
    let memory = report::resident_memory();
    let start = Instant::now();
    let outcome = operation::run(&task).await;
    let elapsed = start.elapsed();
    let peak = report::peak_memory();
    let growth = peak.zip(memory).map(|(peak, memory)| peak.saturating_sub(memory));
    let report = Report::new(&outcome, &traces, Duration::as_millis(&elapsed), growth);
    println!("{}", serde_json::to_string(&report).expect("JSON"));
}
