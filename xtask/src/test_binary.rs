//! Builds the test binaries of a workspace, and runs them with filters and a time limit.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// A binary with tests.
#[derive(Debug, Clone)]
pub(crate) struct TestBinary {
    /// The name of the package's folder, which is the name of the package.
    pub(crate) package: String,
    /// True for the unit tests of a library or program, and false for integration tests.
    pub(crate) has_unit_tests: bool,
    executable: PathBuf,
    folder: PathBuf,
}

/// A run of some tests of a binary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestRun<'a> {
    /// The tests to run: those whose name contains one of these. Empty for all.
    pub(crate) filters: &'a [String],
    pub(crate) skipped: &'a [String],
    /// If true, a filter is the whole name of a test.
    pub(crate) is_exact: bool,
    pub(crate) variables: &'a [(&'a str, &'a OsStr)],
    /// The file for the output.
    pub(crate) log: &'a Path,
    pub(crate) limit: Duration,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TestOutcome {
    Passed,
    /// The first failed test, or `None` if the binary failed without naming one.
    Failed(Option<String>),
    TimedOut,
}

/// A message of `cargo --message-format=json`.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests of the workspace at `root`, except for those of `xtask`.
pub(crate) fn build(root: &Path, target: &Path) -> Result<Vec<TestBinary>> {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--exclude", "xtask", "--tests", "--no-run", "--locked"])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the tests do not compile:\n{}", errors(&String::from_utf8_lossy(&output.stderr)));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    Ok(messages.lines().filter_map(test_binary).collect())
}

/// Returns the errors among the diagnostics of cargo, without the warnings.
fn errors(diagnostics: &str) -> String {
    let blocks = diagnostics.split("\n\n").filter(|block| block.contains("error"));
    blocks.collect::<Vec<_>>().join("\n\n")
}

fn test_binary(message: &str) -> Option<TestBinary> {
    let artifact: Artifact = serde_json::from_str(message).ok()?;
    artifact.profile.filter(|profile| profile.test)?;
    let folder = artifact.manifest_path?.parent()?.to_owned();
    Some(TestBinary {
        package: folder.file_name()?.to_str()?.to_owned(),
        has_unit_tests: artifact.target?.kind.iter().all(|kind| kind != "test"),
        executable: artifact.executable?,
        folder,
    })
}

impl TestBinary {
    /// Runs tests. Stops at the first failed test.
    pub(crate) fn run(&self, run: &TestRun<'_>) -> Result<TestOutcome> {
        let log = File::create(run.log)?;
        let mut command = Command::new(&self.executable);
        command.args(run.filters).args(run.skipped.iter().flat_map(|name| ["--skip", name]));
        if run.is_exact {
            command.arg("--exact");
        }
        command.envs(run.variables.iter().copied());
        // The variables that Cargo sets, and that tests need.
        command.env("CARGO_MANIFEST_DIR", &self.folder).env("CARGO_PKG_NAME", &self.package);
        // Otherwise this one comes from `xtask`, and is empty.
        command.env("CARGO_PKG_DESCRIPTION", format!("the package \"{}\"", self.package));
        command.env("INSTA_UPDATE", "no");
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        // Tests start processes, which must not outlive them.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context("cannot run the tests")?;
        let outcome = wait(&mut child, run);
        end(&mut child);
        outcome
    }
}

fn wait(child: &mut Child, run: &TestRun<'_>) -> Result<TestOutcome> {
    const PAUSE: Duration = Duration::from_millis(100);
    let started = Instant::now();
    loop {
        let status = child.try_wait()?;
        let failed = failed_test(run.log)?;
        match status {
            Some(status) if status.success() => return Ok(TestOutcome::Passed),
            Some(_) => return Ok(TestOutcome::Failed(failed)),
            None if failed.is_some() => return Ok(TestOutcome::Failed(failed)),
            None if started.elapsed() > run.limit => return Ok(TestOutcome::TimedOut),
            None => thread::sleep(PAUSE),
        }
    }
}

/// Returns the name of the first failed test in the output.
fn failed_test(log: &Path) -> Result<Option<String>> {
    let output = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let failed = |line: &str| {
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.trim_end_matches(" - should panic").to_owned())
    };
    Ok(output.lines().find_map(failed))
}

/// Ends the process with all processes that it has started.
fn end(child: &mut Child) {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        let kill =
            Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        drop(kill);
    }
    drop(child.kill());
    drop(child.wait());
}
