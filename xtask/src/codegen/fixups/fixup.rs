//! Corrects the published schemas where they differ from the specification.
//!
//! `REVISIONS` says how many places each fixup changes. Another number is an error, because the
//! schema has changed. If a fixup changes nothing, end its span or remove it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::{lenient, names};
use crate::codegen::{definitions::Definitions, revisions::Revision};

/// Applies the fixups of a revision. Returns an error if a fixup changes another number of places
/// than `REVISIONS` says.
pub(crate) fn apply(definitions: &mut Definitions, revision: &Revision) -> Result<()> {
    let fixup_counts = apply_all(definitions, revision.name);
    let names = fixup_counts.iter().chain(revision.fixup_counts).map(|(name, _)| *name);
    let count = |places: &[(&str, usize)], name: &str| {
        places.iter().find(|(each, _)| *each == name).map_or(0, |(_, count)| *count)
    };
    let wrong: BTreeSet<_> = names
        .map(|name| (name, count(&fixup_counts, name), count(revision.fixup_counts, name)))
        .filter(|(_, found, expected)| found != expected || *found == 0)
        .map(|(name, found, expected)| format!("{name}: {found} for {expected}"))
        .collect();
    ensure!(
        wrong.is_empty(),
        "fixups change another number of places than \"REVISIONS\" says: {}",
        Vec::from_iter(wrong).join(", ")
    );
    Ok(())
}

/// Applies the fixups of a revision, and returns the number of places that each changed.
pub(crate) fn apply_all(
    definitions: &mut Definitions,
    revision: &str,
) -> Vec<(&'static str, usize)> {
    let of_revision = FIXUPS.into_iter().filter(|(_, span, _)| span.contains(revision));
    of_revision.map(|(name, _, fixup)| (name, fixup(definitions))).collect()
}

/// A fixup. Returns the number of places that it changed.
type Fixup = fn(&mut Definitions) -> usize;

/// The revisions that need a fixup. Their names are dates, so they sort by age.
#[derive(Clone, Copy)]
enum Span {
    All,
    Since(&'static str),
    Until(&'static str),
}

impl Span {
    fn contains(self, revision: &str) -> bool {
        match self {
            Self::All => true,
            Self::Since(first) => revision >= first,
            Self::Until(last) => revision <= last,
        }
    }
}

const FIXUPS: [(&str, Span, Fixup); 17] = [
    ("empty_result", Span::All, names::empty_result),
    ("request_ids", Span::All, names::request_ids),
    ("opaque_schemas", Span::All, lenient::opaque_schemas),
    ("any_json", Span::Since("2026-07-28"), lenient::any_json),
    ("open_objects", Span::All, lenient::open_objects),
    ("open_settings", Span::All, lenient::open_settings),
    ("any_structured_content", Span::Until("2025-11-25"), lenient::any_structured_content),
    ("any_form_content", Span::All, lenient::any_form_content),
    ("optional_result_members", Span::Since("2026-07-28"), lenient::optional_result_members),
    ("named_cache_scope", Span::Since("2026-07-28"), names::named_cache_scope),
    ("named_request_meta", Span::Until("2025-11-25"), names::named_request_meta),
    ("named_resource_contents", Span::All, names::named_resource_contents),
    ("named_sampling_content", Span::All, names::named_sampling_content),
    ("named_params", Span::All, names::named_params),
    ("named_error_data", Span::All, names::named_error_data),
    ("client_notification_union", Span::Since("2026-07-28"), names::client_notification_union),
    ("input_requests", Span::Since("2026-07-28"), names::input_requests),
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::codegen::definitions::{any_object, reference};

    #[test]
    fn unexpected_fixup_count_is_an_error() {
        let blob = json!({ "type": "object" });
        let mut definitions = definitions(json!({ "Tool": { "properties": {
            "inputSchema": blob, "outputSchema": { "type": ["object", "boolean"] } } } }));
        let revision =
            Revision { name: "2025-11-25", roots: &[], fixup_counts: &[("opaque_schemas", 2)] };
        let error = apply(&mut definitions, &revision).unwrap_err().to_string();
        assert!(error.contains("opaque_schemas: 1 for 2"), "{error}");
        assert!(error.contains("empty_result: 0 for 0"), "{error}");
        assert!(!error.contains("named_cache_scope"), "{error}");
        for (name, _, fixup) in FIXUPS {
            let plain = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
            let mut definitions = Definitions::from([("A".to_owned(), plain)]);
            assert_eq!(fixup(&mut definitions), 0, "{name}");
        }
    }

    fn definitions(json: Value) -> Definitions {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn fixups_apply_to_the_revisions_of_their_span() {
        let names = |revision| -> Vec<_> {
            let fixup_counts = apply_all(&mut Definitions::new(), revision);
            fixup_counts.into_iter().map(|(name, _)| name).collect()
        };
        assert!(names("2025-06-18").contains(&"named_request_meta"));
        assert!(!names("2026-07-28").contains(&"named_request_meta"));
        assert!(names("2027-01-01").contains(&"any_json"));
        assert!(!names("2025-11-25").contains(&"any_json"));
    }

    #[test]
    fn fixups_replace_schemas_and_count_them() {
        let object = json!({ "type": "object" });
        let mut definitions = definitions(json!({
            "A": { "properties": { "structuredContent": object, "b": { "properties": {
                "structuredContent": object, "inputSchema": object,
            } } } },
        }));
        assert_eq!(lenient::any_structured_content(&mut definitions), 2);
        assert_eq!(lenient::opaque_schemas(&mut definitions), 1);
        let a = &definitions["A"]["properties"];
        assert_eq!(a["structuredContent"], json!({}));
        assert_eq!(a["b"]["properties"]["inputSchema"], reference("Schema"));
    }

    #[test]
    fn open_schemas_become_any_json() {
        let closed = json!({ "type": "object", "properties": { "x": {} } });
        let empty = json!({ "type": "object", "properties": {}, "additionalProperties": true });
        let settings = json!({ "type": "object", "additionalProperties": reference("JSONObject") });
        let mut definitions = definitions(json!({
            "A": { "properties": { "a": reference("MetaObject"), "b": reference("JSONValue"),
                "c": empty, "d": closed, "e": { "type": "object" }, "extensions": settings } },
        }));
        assert_eq!(lenient::any_json(&mut definitions), 3);
        assert_eq!(lenient::open_objects(&mut definitions), 2);
        assert_eq!(lenient::open_settings(&mut definitions), 1);
        let (any, object) = (json!({}), any_object());
        let members = json!({ "a": object, "b": any, "c": object, "d": closed, "e": object, "extensions": object });
        assert_eq!(definitions["A"]["properties"], members);
    }

    #[test]
    fn result_members_become_optional() {
        let mut definitions =
            definitions(json!({ "A": { "required": ["cacheScope", "name", "resultType"] } }));
        assert_eq!(lenient::optional_result_members(&mut definitions), 2);
        assert_eq!(definitions["A"]["required"], json!(["name"]));
    }

    #[test]
    fn inline_schemas_become_definitions() {
        let scope = json!({ "enum": ["private"] });
        let data = json!({ "properties": { "supported": {} } });
        let part = json!({ "properties": { "code": {}, "data": data } });
        let leave = json!({ "properties": { "method": { "const": "leave" } } });
        let mut definitions = definitions(json!({
            "A": { "properties": { "cacheScope": scope } },
            "B": { "properties": { "cacheScope": scope } },
            "TooOldError": { "properties": { "error": { "allOf": [reference("Error"), part] } } },
            "ClientNotification": leave,
            "LeaveNotification": leave,
            "InputRequest": { "anyOf": [reference("AskRequest"), reference("Gone")] },
            "AskRequest": {},
        }));
        assert_eq!(names::named_cache_scope(&mut definitions), 2);
        assert_eq!(definitions["B"]["properties"]["cacheScope"], reference("CacheScope"));
        assert_eq!(definitions["CacheScope"], scope);
        assert_eq!(names::named_error_data(&mut definitions), 1);
        assert_eq!(definitions["TooOldErrorData"], data);
        assert_eq!(names::client_notification_union(&mut definitions), 1);
        let union = json!({ "anyOf": [reference("LeaveNotification")] });
        assert_eq!(definitions["ClientNotification"], union);
        assert_eq!(names::input_requests(&mut definitions), 1);
        assert_eq!(definitions["AskRequest"], json!({ "x-input": true }));
    }
}
