//! Searches for counterexamples: runs the property tests with new seeds.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    files,
    test_binary::{self, TestBinary, TestOutcome, TestRun},
};

/// The variable with the seed of all property tests. Proptest reads it.
const SEED: &str = "PROPTEST_RNG_SEED";
/// The crate with the settings of property tests. Files with property tests use it.
const SETTINGS: &str = "property_tests::";
/// The time limit of one binary with one seed.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The time to search, in minutes. The last seed is completed.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Run this seed only, such as one that has failed before.
    #[arg(long)]
    seed: Option<u64>,
}

/// The modules with property tests, by package and kind of binary.
type Modules = BTreeMap<(String, bool), Vec<String>>;

/// Runs the property tests with new seeds until the time is over. Fails with the seed of the first
/// counterexample.
pub(crate) fn run(options: &Options) -> Result<()> {
    let modules = property_modules(files::root())?;
    let binaries = test_binary::build(files::root(), &files::target())?;
    let started = Instant::now();
    let mut seeds = 0;
    loop {
        let seed = options.seed.map_or_else(new_seed, Ok)?;
        for binary in &binaries {
            let key = (binary.package.clone(), binary.has_unit_tests);
            if let Some(filters) = modules.get(&key) {
                check(binary, filters, seed)?;
            }
        }
        seeds += 1;
        println!("seed {seed}: no counterexample");
        if options.seed.is_some() || started.elapsed() >= Duration::from_secs(options.minutes * 60)
        {
            println!("{seeds} seeds without a counterexample");
            return Ok(());
        }
    }
}

fn new_seed() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    u64::try_from(now.as_micros()).context("the clock is wrong")
}

fn check(binary: &TestBinary, filters: &[String], seed: u64) -> Result<()> {
    let log = files::target().join("search.log");
    let text = seed.to_string();
    let run = TestRun {
        filters,
        skipped: &[],
        is_exact: false,
        variables: &[(SEED, OsStr::new(&text))],
        log: &log,
        limit: LIMIT,
    };
    let package = &binary.package;
    match binary.run(&run)? {
        TestOutcome::Passed => Ok(()),
        TestOutcome::TimedOut => {
            bail!("package {package:?}: seed {seed} takes more than {LIMIT:?}")
        }
        TestOutcome::Failed(name) => {
            let name = name.unwrap_or_default();
            println!("{}", fs::read_to_string(&log)?);
            bail!("package {package:?}: test {name:?} fails with {SEED}={seed}")
        }
    }
}

/// Finds the modules with property tests. Returns an error if a property test has other settings.
fn property_modules(root: &Path) -> Result<Modules> {
    let mut modules = Modules::new();
    let mut packages = vec![root.join("tests")];
    for entry in fs::read_dir(root.join("crates"))? {
        packages.push(entry?.path());
    }
    for package in packages {
        let name =
            package.file_name().and_then(OsStr::to_str).context("a package without a name")?;
        let own_tests = if name == "tests" { "it" } else { "tests/it" };
        for (folder, has_unit_tests) in [("src", true), (own_tests, false)] {
            let folder = package.join(folder);
            for file in rust_files(&folder)? {
                let text = files::read(&file)?;
                let runs = text.contains("proptest!") || text.contains("TestRunner::new");
                ensure!(
                    !runs || text.contains(SETTINGS),
                    "{} has a property test without the settings of `property_tests`",
                    file.display()
                );
                if runs {
                    let key = (name.to_owned(), has_unit_tests);
                    modules.entry(key).or_default().push(module(&folder, &file));
                }
            }
        }
    }
    Ok(modules)
}

fn rust_files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.insert(path);
        }
    }
    Ok(found)
}

/// Returns the path of a file's module, such as `message::sse_parser::`.
fn module(folder: &Path, file: &Path) -> String {
    let path = file.strip_prefix(folder).unwrap_or(file).with_extension("");
    let parts = path.iter().filter_map(OsStr::to_str).filter(|part| *part != "mod");
    parts.map(|part| format!("{part}::")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_test_has_the_common_settings() {
        let modules = property_modules(files::root()).unwrap();
        let relay = &modules[&("relay".to_owned(), false)];
        assert_eq!(relay, &["property::"]);
    }
}
