//! The sessions that the client of a server knows, and those that it ends.

use std::collections::HashSet;

use mcp_testkit::RecordedRequest;

use crate::plan::{self, SessionCounts};

/// The sessions that the client knows, and those that it has asked the server to end although that may
/// fail.
#[derive(Default)]
pub(crate) struct Sessions {
    known: HashSet<String>,
    asked_to_end: HashSet<String>,
}

impl Sessions {
    /// Records what a request does with its session. On a server with faults, its end may fail.
    pub(crate) fn record(&mut self, request: &RecordedRequest, has_faults: bool) {
        let Some(session) = request.header("mcp-session-id") else { return };
        match request.method() {
            "notifications/initialized" => self.known.insert(session.to_owned()),
            "DELETE" => {
                let user = request.bearer_token().and_then(plan::user_of);
                let may_fail = has_faults || user.is_some_and(plan::signs_in);
                may_fail && self.asked_to_end.insert(session.to_owned())
            }
            _ => false,
        };
    }

    /// Counts the open sessions. The others are forgotten.
    pub(crate) fn count_open(&mut self, open: &[String]) -> SessionCounts {
        for sessions in [&mut self.known, &mut self.asked_to_end] {
            let still_open = |id: &&String| sessions.contains(*id);
            *sessions = open.iter().filter(still_open).cloned().collect();
        }
        let end_failed = self.asked_to_end.len();
        let unknown = |id: &&String| !self.known.contains(*id) && !self.asked_to_end.contains(*id);
        let unknown = open.iter().filter(unknown).count();
        SessionCounts { open: open.len(), end_failed, unknown }
    }
}
