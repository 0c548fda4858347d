//! Running scenarios, a few at a time and each within its time.

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

/// How long the suite lets the client run. The client gives itself 20 seconds, and says what it
/// waits for when they are over.
const CLIENT_LIMIT: Duration = Duration::from_secs(30);

/// The time between two looks at what is running.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs scenarios against one client.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(crate) suite: &'a Suite,
    pub(crate) client: &'a Path,
    /// Where each scenario leaves its checks and its log.
    pub(crate) results: &'a Path,
    /// How long a run of the suite may take.
    pub(crate) limit: Duration,
}

impl Runner<'_> {
    /// Time enough for the suite, even if the client takes all of its own.
    pub(crate) const LIMIT: Duration = Duration::from_secs(50);

    /// Reports on the scenarios in their order, with at most `jobs` of them running.
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

/// The client as the shell is to start it: in its own place, so that the suite ends the client and
/// not the shell when the time is up.
fn shell_command(client: &Path) -> Result<String> {
    let client = client.to_str().context("the path of the client is not Unicode")?;
    ensure!(!client.contains('\''), "the path of the client has a quote in it");
    Ok(format!("exec '{client}'"))
}

/// A scenario that was started. Dropping it ends it.
#[derive(Debug)]
struct Run {
    scenario: Scenario,
    folder: PathBuf,
    child: Child,
    started: Instant,
    /// How the suite ended, if it did.
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
            // It may have ended by itself meanwhile, which is as good.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported when a script in place of the suite runs each of `names`.
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
        let expected = ["first 1/1", "a/other 1/1", "bad 1/1  the suite broke off", "last 1/1"];
        assert_eq!(reports, expected);
    }

    #[test]
    fn suite_is_killed_after_the_limit() {
        let reports = reports("exec sleep 3600", &["one"], Duration::ZERO);
        assert_eq!(reports, ["one 0/0  the suite broke off"]);
    }
}
