//! Runs tests with one fault turned on.

use std::{collections::BTreeMap, ffi::OsStr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};

use super::{rewrite::VARIABLE, table::Fault};
use crate::test_binary::{TestBinary, TestOutcome, TestRun};

/// The time limit of a run of the nearest tests. A run that takes longer has noticed the fault.
const NEAREST_LIMIT: Duration = Duration::from_secs(120);
/// The time limit of all tests of a binary.
const FULL_LIMIT: Duration = Duration::from_secs(10 * 60);
/// Tests that need programs of others.
const SKIPPED: [&str; 1] = ["real_servers"];

/// The test binaries of the copy.
pub(crate) struct Trials {
    pub(crate) binaries: Vec<TestBinary>,
    /// The folder for the output of the tests.
    pub(crate) logs: PathBuf,
}

/// The result for one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This test fails.
    Caught(String),
    /// The tests do not end.
    TimedOut,
    Survived,
}

impl Trials {
    /// Runs all tests without a fault. Returns an error if one fails, also alone.
    pub(crate) fn run_without_fault(&self) -> Result<()> {
        for binary in &self.binaries {
            let package = &binary.package;
            match self.verdict(binary, None, &[], FULL_LIMIT)? {
                Verdict::Survived => {}
                Verdict::TimedOut => bail!("package {package:?}: the tests do not end"),
                Verdict::Caught(name) => {
                    bail!("package {package:?}: test {name:?} fails without a fault")
                }
            }
        }
        Ok(())
    }

    /// Turns on a fault, and runs tests until one fails: first those of its row, then those of its
    /// room and crate, then all.
    pub(crate) fn run_with(&self, fault: &Fault) -> Result<Verdict> {
        for stage in [&fault.row.tests, &fault.nearest_tests] {
            for (binary, filters) in self.selected(fault, stage)? {
                let verdict = self.verdict(binary, Some(fault), &filters, NEAREST_LIMIT)?;
                if verdict != Verdict::Survived {
                    return Ok(verdict);
                }
            }
        }
        let (own, others): (Vec<_>, Vec<_>) =
            self.binaries.iter().partition(|binary| binary.package == fault.package);
        for binary in own.into_iter().chain(others) {
            let verdict = self.verdict(binary, Some(fault), &[], FULL_LIMIT)?;
            if verdict != Verdict::Survived {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Survived)
    }

    /// Returns the binaries that the table names, each with its filters.
    fn selected(&self, fault: &Fault, tests: &[String]) -> Result<Vec<(&TestBinary, Vec<String>)>> {
        let mut selected: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for test in tests {
            let (kind, filter) = test.split_once(' ').unwrap_or((test, ""));
            let (package, has_unit_tests) = match kind {
                "unit" => (&*fault.package, true),
                "own" => (&*fault.package, false),
                "it" => ("tests", false),
                _ => bail!("fault {:?}: expected \"unit\", \"own\" or \"it\"", fault.row.id),
            };
            let found = self.binaries.iter().position(|binary| {
                binary.package == package && binary.has_unit_tests == has_unit_tests
            });
            let found = found.with_context(|| format!("package {package:?} has no such tests"))?;
            selected.entry(found).or_default().push(filter.to_owned());
        }
        Ok(selected.into_iter().map(|(at, filters)| (&self.binaries[at], filters)).collect())
    }

    /// Runs some tests with the fault, if there is one. A test that fails must fail again alone, because a failure
    /// may also come from a busy machine.
    fn verdict(
        &self,
        binary: &TestBinary,
        fault: Option<&Fault>,
        filters: &[String],
        limit: Duration,
    ) -> Result<Verdict> {
        let mut unreliable = Vec::new();
        loop {
            let name = match self.run(binary, fault, filters, &unreliable, limit)? {
                TestOutcome::Passed => return Ok(Verdict::Survived),
                TestOutcome::TimedOut => return Ok(Verdict::TimedOut),
                TestOutcome::Failed(None) => return Ok(Verdict::Caught("a crash".to_owned())),
                TestOutcome::Failed(Some(name)) => name,
            };
            if self.fails_alone(binary, fault, &name)? {
                return Ok(Verdict::Caught(name));
            }
            unreliable.push(name);
        }
    }

    fn run(
        &self,
        binary: &TestBinary,
        fault: Option<&Fault>,
        filters: &[String],
        unreliable: &[String],
        limit: Duration,
    ) -> Result<TestOutcome> {
        let skipped = SKIPPED.iter().map(|&name| name.to_owned());
        let skipped: Vec<_> = skipped.chain(unreliable.iter().cloned()).collect();
        let id = fault.map_or("none", |fault| &fault.row.id);
        binary.run(&TestRun {
            filters,
            skipped: &skipped,
            is_exact: false,
            variables: &[(VARIABLE, OsStr::new(id))],
            log: &self.log(id),
            limit,
        })
    }

    fn fails_alone(&self, binary: &TestBinary, fault: Option<&Fault>, test: &str) -> Result<bool> {
        let id = fault.map_or("none", |fault| &fault.row.id);
        let outcome = binary.run(&TestRun {
            filters: &[test.to_owned()],
            skipped: &[],
            is_exact: true,
            variables: &[(VARIABLE, OsStr::new(id))],
            log: &self.log(id),
            limit: NEAREST_LIMIT,
        })?;
        Ok(outcome != TestOutcome::Passed)
    }

    fn log(&self, id: &str) -> PathBuf {
        self.logs.join(format!("{id}.log"))
    }
}
