//! Runs cases, and checks what must hold for all of them.

use std::{process::Output, time::Duration};

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::{process::Command, sync::Semaphore, time};

use super::{
    case::Case,
    secrecy::contains_secret,
    secrets::{HEADER, TOKEN},
    server::HostileServer,
};

/// The number of clients that run at the same time, in all tests together.
static PERMITS: Semaphore = Semaphore::const_new(MAX_CLIENTS);
const MAX_CLIENTS: usize = 6;
/// The maximum size of a text, in bytes.
const MAX_TEXT: usize = 10 * 1024;
/// The maximum size of all traces together, in bytes, without traces of whole messages and of
/// connections. A server that sends messages without end does not cause events without end.
const MAX_TRACES: usize = 32 * 1024;
/// The maximum growth of the client's memory, in KiB. Its messages have at most 256 KiB.
const MAX_GROWTH: u64 = 16 * 1024;

/// The report that the client prints. See `tests/hostile/report.rs`.
#[derive(Debug, Deserialize)]
struct Report {
    outcome: String,
    texts: Vec<(String, String)>,
    traced_bytes: usize,
    largest_trace: (usize, String),
    traced_leak: Option<String>,
    warnings: (usize, Vec<String>),
    elapsed_ms: u64,
    growth_kib: Option<u64>,
}

/// Runs all cases, and panics with everything that is wrong.
pub(in crate::hostile) async fn check(cases: impl IntoIterator<Item = Case>) {
    let problems: Vec<_> = stream::iter(cases).map(run).buffered(MAX_CLIENTS).collect().await;
    let problems: Vec<String> = problems.concat();
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// Runs a case. Returns what is wrong.
async fn run(case: Case) -> Vec<String> {
    let permit = PERMITS.acquire().await.expect("it is never closed");
    let server = HostileServer::start(case.script.clone()).await;
    let target = case.program.clone().unwrap_or_else(|| format!("{}/mcp", server.origin));
    let task = json!({
        "operation": case.operation_name(),
        "target": target,
        "timeout": case.timeout.as_millis() as u64,
        "token": TOKEN,
        "header": HEADER,
    });
    let client = Command::new(env!("CARGO_BIN_EXE_hostile-client"))
        .arg(task.to_string())
        .kill_on_drop(true)
        .output();
    let output = time::timeout(case.bound + Duration::from_secs(20), client).await;
    drop(permit);
    let problems = match output {
        Ok(output) => problems_of(&case, &output.expect("the client starts")),
        Err(_) => vec!["the client did not end".to_owned()],
    };
    problems.iter().map(|problem| format!("{}: {problem}", case.name)).collect()
}

#[expect(clippy::print_stdout, reason = "the table of a run with --nocapture")]
fn problems_of(case: &Case, output: &Output) -> Vec<String> {
    let Ok(report) = serde_json::from_slice::<Report>(&output.stdout) else {
        return vec![format!("no report: {output:?}")];
    };
    println!(
        "{}: {} ({} ms, {:?} KiB, {} bytes of traces)",
        case.name, report.outcome, report.elapsed_ms, report.growth_kib, report.traced_bytes
    );
    let mut problems = Vec::new();
    if report.outcome != case.expected {
        let texts = report.texts.iter().filter(|(form, _)| form.starts_with("Display"));
        let texts: Vec<_> = texts.map(|(_, text)| excerpt(text)).collect();
        problems.push(format!("expected {:?}, got {:?}: {texts:?}", case.expected, report.outcome));
    }
    let bound = u64::try_from(case.bound.as_millis()).unwrap_or(u64::MAX);
    if report.elapsed_ms > bound {
        problems.push(format!("it took {} ms", report.elapsed_ms));
    }
    if report.growth_kib.is_some_and(|growth| growth > MAX_GROWTH) {
        problems.push(format!("it took {:?} KiB of memory", report.growth_kib));
    }
    if !output.stderr.is_empty() {
        problems.push(format!("it wrote {}", excerpt(&String::from_utf8_lossy(&output.stderr))));
    }
    problems.extend(report.texts.iter().flat_map(|(form, text)| problems_of_text(form, text)));
    if report.traced_bytes > MAX_TRACES {
        problems.push(format!("{} bytes of traces", report.traced_bytes));
    }
    if let Some(part) = case.only_warning {
        let (count, first) = &report.warnings;
        if *count != 1 || !first.iter().all(|warning| warning.contains(part)) {
            problems.push(format!("expected one warning with {part:?}, got {count}: {first:?}"));
        }
    }
    if let Some(event) = &report.traced_leak {
        problems.push(format!("a trace contains a secret: {}", excerpt(event)));
    }
    if report.largest_trace.0 > MAX_TEXT {
        let (size, event) = &report.largest_trace;
        problems.push(format!("a trace of {size} bytes: {}", excerpt(event)));
    }
    problems
}

fn problems_of_text(form: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if contains_secret(text.as_bytes()) {
        problems.push(format!("{form} contains a secret: {}", excerpt(text)));
    }
    if text.len() > MAX_TEXT {
        problems.push(format!("{form} has {} bytes: {}", text.len(), excerpt(text)));
    }
    problems
}

fn excerpt(text: &str) -> String {
    text.chars().take(300).collect()
}
