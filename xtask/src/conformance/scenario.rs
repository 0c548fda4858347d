//! A scenario of the suite.

/// The protocol revisions of the suite, oldest first.
pub(super) const REVISIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// A scenario of the suite in a revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scenario {
    pub(super) revision: String,
    pub(super) name: String,
}
