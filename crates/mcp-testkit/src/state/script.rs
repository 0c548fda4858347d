//! The script, which selects the faults of a request.

use std::{ops::RangeInclusive, sync::Mutex};

use super::fault::{Fault, FaultPlan};
use crate::base::{RecordedRequest, lock};

/// Selects the requests that a [`Fault`] applies to, by method and by number.
///
/// The numbers start with 1. Only requests that arrive after the call of
/// [`TestServer::script`](crate::TestServer::script) count.
///
/// ```
/// use mcp_testkit::On;
///
/// let each_call = On::method("tools/call");
/// let second_list = On::method("tools/list").nth(2);
/// let end_of_session = On::method("DELETE");
/// let first_three = On::any().first(3);
/// # let _ = (each_call, second_list, end_of_session, first_three);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct On {
    method: Option<String>,
    occurrences: RangeInclusive<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Script(Mutex<Vec<Rule>>);

#[derive(Debug)]
struct Rule {
    on: On,
    fault: Fault,
    seen: usize,
}

impl On {
    /// Selects the requests of this [method](RecordedRequest::method), such as `tools/call`, `GET`
    /// or `DELETE`.
    pub fn method(method: impl Into<String>) -> Self {
        Self { method: Some(method.into()), occurrences: 1..=usize::MAX }
    }

    /// Selects all requests.
    pub fn any() -> Self {
        Self { method: None, occurrences: 1..=usize::MAX }
    }

    /// Selects only the request with this number among the selected requests.
    pub fn nth(self, number: usize) -> Self {
        Self { occurrences: number..=number, ..self }
    }

    /// Selects only the first `count` of the selected requests.
    pub fn first(self, count: usize) -> Self {
        Self { occurrences: 1..=count, ..self }
    }

    fn matches(&self, request: &RecordedRequest) -> bool {
        self.method.as_ref().is_none_or(|method| method == request.method())
    }
}

impl Script {
    pub(crate) fn add(&self, on: On, fault: Fault) {
        lock(&self.0).push(Rule { on, fault, seen: 0 });
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Returns the faults for this request, and counts it.
    pub(crate) fn plan(&self, request: &RecordedRequest) -> FaultPlan {
        let mut rules = lock(&self.0);
        let selected =
            rules.iter_mut().filter(|rule| rule.on.matches(request)).filter_map(|rule| {
                rule.seen += 1;
                rule.on.occurrences.contains(&rule.seen).then(|| rule.fault.clone())
            });
        selected.fold(FaultPlan::default(), FaultPlan::with_fault)
    }
}
