//! Everything that the users count and find.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use relay::Error;

use super::error_kind;

/// The maximum number of different problems that are kept.
const MAX_PROBLEMS: usize = 100;

#[derive(Default)]
pub(crate) struct Findings {
    calls: AtomicU64,
    operations: AtomicU64,
    dropped: AtomicU64,
    /// Errors by server and kind, with their number and the first message.
    errors: Mutex<BTreeMap<String, ErrorCount>>,
    problems: Mutex<Vec<String>>,
    /// Calls whose errors say that they did not run.
    not_run: Mutex<Vec<u64>>,
}

#[derive(Debug, Clone)]
pub(crate) struct ErrorCount {
    pub(crate) count: u64,
    pub(crate) expected: bool,
    pub(crate) first: String,
}

impl Findings {
    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    pub(crate) fn operation(&self) {
        self.operations.fetch_add(1, Relaxed);
    }

    pub(crate) fn dropped_call(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    /// Returns the number of calls that were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Returns the numbers of calls and operations so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.calls.load(Relaxed), self.operations.load(Relaxed))
    }

    pub(crate) fn error(&self, server: usize, error: &Error, signs_in: bool) {
        let kind = error_kind::kind(error);
        self.error_of_kind(server, &kind, signs_in, &chain(error));
    }

    pub(crate) fn error_of_kind(&self, server: usize, kind: &str, signs_in: bool, text: &str) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = errors.entry(error_kind::label(server, kind));
        let expected = error_kind::is_expected(server, kind, signs_in);
        let new = || ErrorCount { count: 0, expected: true, first: text.to_owned() };
        let known = entry.or_insert_with(new);
        known.count += 1;
        known.expected &= expected;
    }

    pub(crate) fn errors(&self) -> BTreeMap<String, ErrorCount> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn did_not_run(&self, number: u64) {
        self.not_run.lock().unwrap_or_else(PoisonError::into_inner).push(number);
    }

    pub(crate) fn take_not_run(&self) -> Vec<u64> {
        std::mem::take(&mut *self.not_run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a mix-up, or a call that ran twice. The run then fails.
    pub(crate) fn problem(&self, what: String) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < MAX_PROBLEMS {
            eprintln!("problem: {what}");
            problems.push(what);
        }
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns an error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(": {source}");
        next = source.source();
    }
    text
}
