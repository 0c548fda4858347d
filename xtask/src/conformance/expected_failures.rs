//! The scenarios that are known to fail.

use anyhow::{Context as _, Result, ensure};

use super::scenario::{REVISIONS, Scenario};
use crate::files;

/// The scenarios that must fail. If one of them passes, remove it from the list.
#[derive(Debug)]
pub(crate) struct ExpectedFailures(Vec<Scenario>);

impl ExpectedFailures {
    /// The file with the list. Each line has a revision and a name; `#` starts a comment.
    pub(crate) const FILE: &str = "tests/conformance/expected.txt";

    pub(crate) fn read() -> Result<Self> {
        let text = files::read(&files::root().join(Self::FILE))?;
        Self::parse(&text).with_context(|| format!("cannot parse {}", Self::FILE))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut listed = Vec::new();
        for line in text.lines() {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            let (revision, name) = entry.split_once(' ').context(entry.to_owned())?;
            ensure!(REVISIONS.contains(&revision), "unknown revision {revision}");
            let (revision, name) = (revision.to_owned(), name.trim_start().to_owned());
            listed.push(Scenario { revision, name });
        }
        Ok(Self(listed))
    }

    pub(crate) fn contains(&self, scenario: &Scenario) -> bool {
        self.0.contains(scenario)
    }

    /// Returns an error if the list has a scenario that the revision does not have.
    pub(crate) fn check(&self, revision: &str, all: &[Scenario]) -> Result<()> {
        let listed = self.0.iter().filter(|scenario| scenario.revision == revision);
        let unknown: Vec<_> =
            listed.filter(|it| !all.contains(it)).map(|it| it.name.as_str()).collect();
        ensure!(
            unknown.is_empty(),
            "{} lists scenarios that {revision} does not have: {}",
            Self::FILE,
            unknown.join(", "),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(revision: &str, name: &str) -> Scenario {
        Scenario { revision: revision.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn line_holds_a_revision_and_a_name() {
        let listed = "# why\n\n2025-11-25 sse-retry # one\n  2025-06-18  auth/x\n";
        let expected = ExpectedFailures::parse(listed).unwrap();
        let [one, two] = [scenario("2025-11-25", "sse-retry"), scenario("2025-06-18", "auth/x")];
        assert_eq!(expected.0, [one.clone(), two]);
        assert!(expected.contains(&one));
        assert!(!expected.contains(&scenario("2026-07-28", "sse-retry")));
        for wrong in ["sse-retry", "2025-11-24 sse-retry"] {
            assert!(ExpectedFailures::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_scenario_is_an_error() {
        let expected = ExpectedFailures::parse("2025-11-25 initialise").unwrap();
        let all = [scenario("2025-11-25", "initialize")];
        assert!(expected.check("2025-11-25", &all).is_err());
        assert!(expected.check("2025-06-18", &[]).is_ok());
    }

    #[test]
    fn only_authorization_scenarios_may_fail() {
        let ExpectedFailures(listed) = ExpectedFailures::read().unwrap();
        for Scenario { revision, name } in listed {
            assert!(name.starts_with("auth/"), "{revision} {name}");
        }
    }
}
