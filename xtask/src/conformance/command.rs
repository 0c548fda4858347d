//! The command `cargo xtask conformance`.

use std::{
    env::consts::EXE_SUFFIX,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use clap::builder::PossibleValuesParser;
use serde::Deserialize;

use super::{
    expected_failures::ExpectedFailures,
    runner::Runner,
    scenario::{REVISIONS, Scenario},
    suite::Suite,
    verdict::Verdict,
};
use crate::files;

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The protocol revision to test. Defaults to each revision in turn.
    #[arg(value_parser = PossibleValuesParser::new(REVISIONS))]
    revision: Option<String>,
    /// Run only scenarios with this name. `*` matches any text.
    #[arg(long, value_name = "GLOB", default_value = "*")]
    only: String,
    /// The number of scenarios to run in parallel.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZero<usize>,
}

/// Runs the scenarios and prints a line for each. Returns an error if the failures differ from the
/// expected failures.
pub(crate) fn run(options: &Options) -> Result<()> {
    let target = target_folder()?;
    let suite = Suite::install(&target.join("conformance"))?;
    let expected = ExpectedFailures::read()?;
    let scenarios = select(options, &suite, &expected)?;
    let client = build_client(&target)?;
    let results = target.join("conformance/results");
    let runner = Runner { suite: &suite, client: &client, results: &results, limit: Runner::LIMIT };
    let mut summary = Summary::default();
    runner.run(scenarios, options.jobs.get(), |scenario, verdict| {
        summary.add(scenario, verdict, expected.contains(scenario));
    })?;
    let Summary { passed, failed, unexpected, .. } = summary;
    println!("\n{passed} passed, {failed} failed; {}", results.display());
    ensure!(unexpected == 0, "{unexpected} results differ from {}", ExpectedFailures::FILE);
    Ok(())
}

fn select(options: &Options, suite: &Suite, expected: &ExpectedFailures) -> Result<Vec<Scenario>> {
    let mut selected = Vec::new();
    let wanted = options.revision.as_deref();
    for revision in REVISIONS.into_iter().filter(|each| wanted.is_none_or(|name| name == *each)) {
        let all = suite.scenarios(revision)?;
        expected.check(revision, &all)?;
        selected.extend(all.into_iter().filter(|scenario| matches(&options.only, &scenario.name)));
    }
    ensure!(!selected.is_empty(), "no scenario matches {:?}", options.only);
    Ok(selected)
}

/// Returns true if a name matches a pattern. `*` matches any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices()
                .map(|(at, _)| at)
                .chain([name.len()])
                .any(|at| matches(rest, &name[at..]))
        }),
    }
}

/// Returns the target folder of Cargo, which the environment and configuration files may set.
fn target_folder() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(files::root().join("Cargo.toml"))
        .output()
        .context("cannot run cargo")?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .context("cannot read the target folder from \"cargo metadata\"")?;
    Ok(metadata.target_directory)
}

fn build_client(target: &Path) -> Result<PathBuf> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--bin", "conformance-client", "--manifest-path"])
        .arg(files::root().join("Cargo.toml"))
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "the client does not build");
    Ok(target.join(format!("debug/conformance-client{EXE_SUFFIX}")))
}

/// The results so far.
#[derive(Debug, Default)]
struct Summary {
    revision: String,
    passed: usize,
    failed: usize,
    /// The number of unexpected results.
    unexpected: usize,
}

impl Summary {
    fn add(&mut self, scenario: &Scenario, verdict: &Verdict, expected_to_fail: bool) {
        let Scenario { revision, name } = scenario;
        if *revision != self.revision {
            println!("\n{revision}");
            self.revision.clone_from(revision);
        }
        let word = if verdict.passed() { "PASS" } else { "FAIL" };
        let note = match (verdict.passed(), expected_to_fail) {
            (true, true) => " (expected to fail)",
            (false, true) => " (as expected)",
            _ => "",
        };
        println!("{word}  {name:<45} {verdict}{note}");
        *if verdict.passed() { &mut self.passed } else { &mut self.failed } += 1;
        self.unexpected += usize::from(verdict.passed() == expected_to_fail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_any_text() {
        for (pattern, name) in [
            ("*", "initialize"),
            ("auth/*", "auth/iss-supported"),
            ("*-supported", "auth/iss-supported"),
            ("a*/*s*d", "auth/iss-supported"),
            ("initialize*", "initialize"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("", "initialize"), ("init", "initialize"), ("auth/*", "auth"), ("*x", "initialize")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
