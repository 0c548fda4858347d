//! Runs scenarios in parallel, each with a time limit.

use std::{
    collections::VecDeque,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use super::{scenario::Scenario, suite::Suite, verdict::Verdict};
use crate::files;

/// The time limit of the suite for the client. The client has its own limit of 20 seconds, after
/// which it reports what it waits for.
const CLIENT_LIMIT: Duration = Duration::from_secs(30);

/// The interval at which running scenarios are polled.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs scenarios against one client.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(crate) suite: &'a Suite,
    pub(crate) client: &'a Path,
    /// The folder for the checks and log of each scenario.
    pub(crate) results: &'a Path,
    /// The time limit of the suite for a scenario.
    pub(crate) limit: Duration,
}

impl Runner<'_> {
    /// The default limit. It leaves time for the suite after the limit of the client.
    pub(crate) const LIMIT: Duration = Duration::from_secs(50);

    /// Runs at most `jobs` scenarios in parallel, and reports them in their order.
    pub(crate) fn run(
        &self,
        scenarios: Vec<Scenario>,
        jobs: usize,
        mut report: impl FnMut(&Scenario, &Verdict),
    ) -> Result<()> {
        let mut waiting = scenarios.into_iter();
        let mut runs = VecDeque::new();
        while waiting.len() > 0 || !runs.is_empty() {
            let mut running = 0;
            for run in &mut runs {
                running += usize::from(Run::is_running(run, self.limit)?);
            }
            for scenario in waiting.by_ref().take(jobs - running) {
                runs.push_back(self.start(scenario)?);
            }
            while let Some(succeeded) = runs.front().and_then(|run| run.succeeded) {
                let Some(run) = runs.pop_front() else { break };
                report(&run.scenario, &run.verdict(succeeded)?);
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn start(&self, scenario: Scenario) -> Result<Run> {
        let Scenario { revision, name } = &scenario;
        let folder = self.results.join(revision).join(name.replace('/', "_"));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let child = self
            .suite
            .command()
            .args(["client", "--verbose", "--force", "--scenario", name])
            .args(["--spec-version", revision])
            .args(["--timeout", &CLIENT_LIMIT.as_millis().to_string()])
            .args(["--command", &shell_command(self.client)?])
            .stdin(Stdio::null())
            .stdout(File::create(folder.join(CHECKS))?)
            .stderr(File::create(folder.join(LOG))?)
            .spawn()
            .context("cannot start the suite")?;
        Ok(Run { scenario, folder, child, started: Instant::now(), succeeded: None })
    }
}

/// The files of a run.
const CHECKS: &str = "checks.json";
const LOG: &str = "log.txt";

/// Returns the shell command of the client. `exec` replaces the shell, so that the suite kills the
/// client and not only the shell after the limit.
fn shell_command(client: &Path) -> Result<String> {
    let client = client.to_str().context("the path of the client is not Unicode")?;
    ensure!(!client.contains('\''), "the path of the client contains a quote");
    Ok(format!("exec '{client}'"))
}

/// A started scenario. Dropping it kills the suite.
#[derive(Debug)]
struct Run {
    scenario: Scenario,
    folder: PathBuf,
    child: Child,
    started: Instant,
    /// The success of the suite, once it has exited.
    succeeded: Option<bool>,
}

impl Run {
    fn is_running(&mut self, limit: Duration) -> Result<bool> {
        if self.succeeded.is_none() {
            self.succeeded = self.child.try_wait()?.map(|status| status.success());
        }
        if self.succeeded.is_none() && self.started.elapsed() > limit {
            self.child.kill()?;
            self.child.wait()?;
            self.succeeded = Some(false);
        }
        Ok(self.succeeded.is_none())
    }

    fn verdict(&self, succeeded: bool) -> Result<Verdict> {
        let checks = files::read(&self.folder.join(CHECKS))?;
        let log = files::read(&self.folder.join(LOG))?;
        Ok(Verdict::new(succeeded, &checks, &log))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.succeeded.is_none() {
            // Fails if the suite has exited in the meantime.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script instead of the suite for each of `names`, and returns the reports.
    fn reports(script: &str, names: &[&str], limit: Duration) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!(
            "relay-xtask-{}-{}",
            std::process::id(),
            names.len()
        ));
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join("suite.sh");
        fs::write(&program, format!("cd {}\nname=$5\n{script}", folder.display())).unwrap();
        let suite = Suite::new("sh".into(), program, folder.clone());
        let results = folder.join("results");
        let client = Path::new("client");
        let runner = Runner { suite: &suite, client, results: &results, limit };
        let scenario = |name: &&str| Scenario { revision: "r".into(), name: name.to_string() };
        let mut reports = Vec::new();
        let report = |scenario: &Scenario, verdict: &Verdict| {
            reports.push(format!("{} {verdict}", scenario.name));
        };
        runner.run(names.iter().map(scenario).collect(), 2, report).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        reports
    }

    #[test]
    fn scenarios_run_in_parallel_and_are_reported_in_order() {
        let script = r#"
            case $name in
                first) until [ -e other ]; do :; done ;;
                a/other) : > other ;;
            esac
            echo '[{"id":"a","status":"SUCCESS"}]'
            test $name != bad
        "#;
        let reports = reports(script, &["first", "a/other", "bad", "last"], Runner::LIMIT);
        let expected = ["first 1/1", "a/other 1/1", "bad 1/1  the suite stopped early", "last 1/1"];
        assert_eq!(reports, expected);
    }

    #[test]
    fn suite_is_killed_after_the_limit() {
        let reports = reports("exec sleep 3600", &["one"], Duration::ZERO);
        assert_eq!(reports, ["one 0/0  the suite stopped early"]);
    }
}
