//! The outcome of a scenario.

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;

/// The outcome of one scenario.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The number of checks that passed.
    successes: usize,
    /// The number of checks that passed, failed or warned.
    judged: usize,
    /// The reason of a failure.
    failure: Option<String>,
}

#[derive(Deserialize)]
struct Check {
    id: String,
    status: Status,
}

/// The status of a check. Others, such as `INFO` and `SKIPPED`, do not count.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Success,
    Failure,
    Warning,
    #[serde(other)]
    Other,
}

impl Verdict {
    /// Creates it from the exit status of the suite, its checks in JSON and its log.
    ///
    /// The suite succeeds if no check failed or warned and the client exited with success. It also
    /// succeeds if nothing was checked, which is a failure here.
    pub(crate) fn new(succeeded: bool, checks: &str, log: &str) -> Self {
        let checks: Vec<Check> = serde_json::from_str(checks).unwrap_or_default();
        let count = |status| checks.iter().filter(|check| check.status == status).count();
        let successes = count(Status::Success);
        let judged = successes + count(Status::Failure) + count(Status::Warning);
        let failure = match succeeded {
            true if successes > 0 => None,
            true => Some("nothing was checked".to_owned()),
            false => Some(reason(&checks, log)),
        };
        Self { successes, judged, failure }
    }

    pub(crate) fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { successes, judged, failure } = self;
        write!(f, "{successes}/{judged}")?;
        failure.iter().try_for_each(|reason| write!(f, "  {reason}"))
    }
}

fn reason(checks: &[Check], log: &str) -> String {
    let named = |what, status| {
        let found = checks.iter().filter(|check| check.status == status);
        let ids: BTreeSet<_> = found.map(|check| check.id.as_str()).collect();
        (!ids.is_empty()).then(|| format!("{what} {}", shortened(ids)))
    };
    let reasons =
        [named("failed", Status::Failure), named("warned", Status::Warning), client_end(log)];
    let reasons: Vec<_> = reasons.into_iter().flatten().collect();
    match reasons.is_empty() {
        true => "the suite stopped early".to_owned(),
        false => reasons.join("; "),
    }
}

fn shortened(ids: BTreeSet<&str>) -> String {
    const MOST: usize = 2;
    let rest = ids.len().saturating_sub(MOST);
    let shown: Vec<_> = ids.into_iter().take(MOST).collect();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    shown.join(", ") + &more
}

/// Returns the message of the suite about a client that timed out or failed.
fn client_end(log: &str) -> Option<String> {
    if log.contains("CLIENT TIMED OUT") {
        return Some("the client timed out".to_owned());
    }
    let (_, end) = log.rsplit_once("CLIENT EXITED WITH ERROR (code ")?;
    let (code, _) = end.split_once(')')?;
    Some(format!("the client exited with code {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"a","status":"SUCCESS"}"#;
    const BAD: &str = r#"{"id":"b","status":"FAILURE"}"#;
    const DOUBTFUL: &str = r#"{"id":"c","status":"WARNING"}"#;
    const SKIPPED: &str = r#"{"id":"d","status":"SKIPPED"}"#;

    fn verdict(succeeded: bool, checks: &[&str], log: &str) -> String {
        let verdict = Verdict::new(succeeded, &format!("[{}]", checks.join(",")), log);
        let word = if verdict.passed() { "PASS" } else { "FAIL" };
        format!("{word} {verdict}")
    }

    #[test]
    fn success_requires_a_passed_check() {
        assert_eq!(verdict(true, &[GOOD, SKIPPED, GOOD], ""), "PASS 2/2");
        assert_eq!(verdict(true, &[SKIPPED], ""), "FAIL 0/0  nothing was checked");
        assert_eq!(verdict(true, &[], ""), "FAIL 0/0  nothing was checked");
    }

    #[test]
    fn failure_has_a_reason() {
        let bad = [GOOD, BAD, DOUBTFUL, BAD, SKIPPED];
        assert_eq!(verdict(false, &bad, ""), "FAIL 1/4  failed b; warned c");
        let many = ["a", "b", "c", "d"].map(|id| BAD.replace("\"b\"", &format!("{id:?}")));
        let many = many.each_ref().map(String::as_str);
        assert_eq!(verdict(false, &many, ""), "FAIL 0/4  failed a, b and 2 more");
        let log = "CLIENT EXITED WITH ERROR (code 7) - Test may be incomplete";
        assert_eq!(verdict(false, &[GOOD], log), "FAIL 1/1  the client exited with code 7");
        assert_eq!(verdict(false, &[], "CLIENT TIMED OUT"), "FAIL 0/0  the client timed out");
        assert_eq!(verdict(false, &[GOOD], ""), "FAIL 1/1  the suite stopped early");
    }

    #[test]
    fn unreadable_checks_are_a_failure() {
        assert!(!Verdict::new(true, "", "").passed());
        assert!(!Verdict::new(true, &format!("[{GOOD}"), "").passed());
    }
}
