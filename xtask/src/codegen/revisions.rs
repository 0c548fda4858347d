//! The revisions that types are generated for.

use anyhow::{Context, Result};

/// A revision, with facts that its schema does not contain.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) name: &'static str,
    /// Definitions that no method refers to, but that appear in results and metadata.
    pub(crate) roots: &'static [&'static str],
    /// The number of places that each fixup changes.
    pub(crate) fixup_counts: &'static [(&'static str, usize)],
}

/// All revisions, oldest first. Each reuses types of the one before it.
pub(crate) const REVISIONS: &[Revision] = &[
    Revision {
        name: "2025-11-25",
        roots: &["CreateTaskResult", "RelatedTaskMetadata"],
        fixup_counts: &[
            ("empty_result", 1),
            ("request_ids", 2),
            ("opaque_schemas", 3),
            ("open_objects", 16),
            ("open_settings", 2),
            ("any_structured_content", 2),
            ("any_form_content", 1),
            ("named_request_meta", 15),
            ("named_resource_contents", 2),
            ("named_sampling_content", 2),
            ("named_params", 4),
            ("named_error_data", 1),
        ],
    },
    Revision {
        name: "2026-07-28",
        roots: &[],
        fixup_counts: &[
            ("empty_result", 1),
            ("request_ids", 2),
            ("opaque_schemas", 3),
            ("any_json", 33),
            ("open_objects", 2),
            ("open_settings", 4),
            ("any_form_content", 1),
            ("optional_result_members", 29),
            ("named_cache_scope", 7),
            ("named_resource_contents", 2),
            ("named_sampling_content", 2),
            ("named_params", 1),
            ("named_error_data", 2),
            ("client_notification_union", 1),
            ("input_requests", 3),
        ],
    },
];

/// Finds a revision by name.
pub(crate) fn find(name: &str) -> Result<&'static Revision> {
    let found = REVISIONS.iter().find(|revision| revision.name == name);
    found.with_context(|| {
        let names: Vec<_> = REVISIONS.iter().map(|revision| revision.name).collect();
        format!("unknown revision {name:?}; expected one of: {}", names.join(", "))
    })
}

/// Returns the name of a revision's module.
pub(crate) fn module(revision: &str) -> String {
    format!("v{}", revision.replace('-', "_"))
}
