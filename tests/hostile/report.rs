//! The report about an operation: outcome, texts, traces, time and memory.

use std::error::Error as StdError;

use serde::Serialize;

use crate::{operation::Outcome, traces::Traces};

/// The values that the test checks.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    outcome: String,
    /// The texts of the errors by the way in which they are displayed.
    texts: Vec<(String, String)>,
    traced_bytes: usize,
    largest_trace: (usize, String),
    traced_leak: Option<String>,
    /// The warnings, of which the first ten are kept.
    warnings: (usize, Vec<String>),
    elapsed_ms: u128,
    /// The growth of the peak memory, in KiB. `None` if the system does not tell.
    growth_kib: Option<u64>,
}

/// The part of a text that is printed, in bytes. The test fails for much less.
const MAX_TEXT: usize = 64 * 1024;

impl Report {
    pub(crate) fn new(
        outcome: &Outcome,
        traces: &Traces,
        elapsed_ms: u128,
        growth_kib: Option<u64>,
    ) -> Self {
        let texts = outcome.errors.iter().flat_map(|error| texts_of(&**error)).collect();
        let traces = traces.measure();
        Self {
            outcome: outcome.summary.clone(),
            texts,
            traced_bytes: traces.bytes,
            largest_trace: (traces.largest_bytes, traces.largest),
            traced_leak: traces.leak,
            warnings: (traces.warnings, traces.first_warnings),
            elapsed_ms,
            growth_kib,
        }
    }
}

/// All forms of an error and of its sources.
fn texts_of(error: &(dyn StdError + 'static)) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let (mut next, mut depth) = (Some(error), 0);
    while let Some(error) = next {
        for (form, text) in [
            ("Display", error.to_string()),
            ("Debug", format!("{error:?}")),
            ("pretty Debug", format!("{error:#?}")),
        ] {
            texts.push((format!("{form} of source {depth}"), shorten(text)));
        }
        (next, depth) = (error.source(), depth + 1);
    }
    texts
}

fn shorten(mut text: String) -> String {
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

/// The memory of this process, in KiB.
pub(crate) fn resident_memory() -> Option<u64> {
    status_value("VmRSS:")
}

/// The largest memory that this process had, in KiB.
pub(crate) fn peak_memory() -> Option<u64> {
    status_value("VmHWM:")
}

fn status_value(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"))?;
    line.trim().parse().ok()
}
