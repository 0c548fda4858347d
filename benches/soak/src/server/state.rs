//! The calls that ran and the problems that the servers found.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::options::Injected;

/// The maximum number of problems that are kept until the next report.
const MAX_PROBLEMS: usize = 100;

/// The state that all tools share.
pub(crate) struct State {
    injected: Injected,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// One bit for each call, by its number.
    ran: Vec<u64>,
    /// The calls that ran more than once.
    again: HashMap<u64, u32>,
    total: u64,
    problems: Vec<String>,
}

impl State {
    pub(crate) fn new(injected: Injected) -> Self {
        Self { injected, inner: Mutex::default() }
    }

    /// Counts a run of the call with this number, and returns how often it has run.
    pub(crate) fn run(&self, number: u64) -> u32 {
        let mut inner = self.lock();
        inner.total += 1;
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if inner.ran.len() <= word {
            inner.ran.resize(word + 1, 0);
        }
        if inner.ran[word] & bit == 0 {
            inner.ran[word] |= bit;
            return 1;
        }
        let runs = inner.again.entry(number).or_insert(1);
        *runs += 1;
        let runs = *runs;
        drop(inner);
        self.problem(format!("call {number} ran {runs} times"));
        runs
    }

    pub(crate) fn runs_of(&self, number: u64) -> u32 {
        let inner = self.lock();
        let word = inner.ran.get((number / 64) as usize).copied().unwrap_or_default();
        let ran = u32::from(word & (1 << (number % 64)) != 0);
        inner.again.get(&number).copied().unwrap_or(ran)
    }

    pub(crate) fn problem(&self, what: String) {
        let problems = &mut self.lock().problems;
        if problems.len() < MAX_PROBLEMS {
            problems.push(what);
        }
    }

    /// Returns the number of runs, and takes the problems.
    pub(crate) fn take(&self) -> (u64, Vec<String>) {
        let mut inner = self.lock();
        (inner.total, std::mem::take(&mut inner.problems))
    }

    /// Returns whether to give the result of this call to another user.
    pub(crate) fn crosses(&self, number: u64) -> bool {
        self.injected == Injected::Cross && number.is_multiple_of(10_000)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
