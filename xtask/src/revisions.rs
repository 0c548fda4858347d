//! The revisions that types are generated for.

use anyhow::{Context, Result};

/// A revision and what its schema does not say about it.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) name: &'static str,
    /// Definitions that no method leads to, but that travel in results and metadata.
    pub(crate) roots: &'static [&'static str],
}

/// All of them, oldest first: each shares what it can with the one before it.
pub(crate) const REVISIONS: [Revision; 2] = [
    Revision { name: "2025-11-25", roots: &["CreateTaskResult", "RelatedTaskMetadata"] },
    Revision { name: "2026-07-28", roots: &[] },
];

/// The revision called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Revision> {
    let names = || REVISIONS.map(|revision| revision.name).join(", ");
    let found = REVISIONS.iter().find(|revision| revision.name == name);
    found.with_context(|| format!("the revisions are {}", names()))
}

/// The name of a revision's module.
pub(crate) fn module(revision: &str) -> String {
    format!("v{}", revision.replace('-', "_"))
}
