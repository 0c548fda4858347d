//! Finds the definitions that a revision shares with the one before it. Equal definitions whose
//! references are equal become one Rust type.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codegen::definitions::{Definitions, is_method, referent, walk};

/// Keywords that limit the values of a type.
const LIMITS: [&str; 7] =
    ["format", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum"];

/// Returns the definitions of `new` that are the same in `old`, including everything they refer to.
///
/// Methods are never shared, because a marker type belongs to its revision.
pub(crate) fn shared(old: &Definitions, new: &Definitions) -> BTreeSet<String> {
    let mut shared: BTreeSet<_> = new
        .iter()
        .filter(|(name, schema)| !is_method(schema) && same(old.get(*name), schema))
        .map(|(name, _)| name.clone())
        .collect();
    // A definition that refers to an unshared one is not shared, and so on.
    loop {
        let apart: Vec<_> =
            shared.iter().filter(|name| !shared.is_superset(&referents(&new[*name]))).collect();
        if apart.is_empty() {
            return shared;
        }
        let apart: BTreeSet<_> = apart.into_iter().cloned().collect();
        shared.retain(|name| !apart.contains(name));
    }
}

/// Returns true if two schemas become the same Rust type. Limits are not part of a type.
fn same(old: Option<&Value>, new: &Value) -> bool {
    old.is_some_and(|old| old == new || without_limits(old) == without_limits(new))
}

fn without_limits(schema: &Value) -> Value {
    let mut schema = schema.clone();
    walk(&mut schema, &mut |schema| {
        if let Value::Object(keywords) = schema {
            keywords.retain(|keyword, _| !LIMITS.contains(&keyword.as_str()));
        }
    });
    schema
}

fn referents(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(&mut schema.clone(), &mut |schema| found.extend(referent(schema).map(str::to_owned)));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codegen::definitions::reference;

    #[test]
    fn definitions_with_equal_references_are_shared() {
        let definitions = |leaf: &str, twin: &str| {
            Definitions::from([
                ("Leaf".to_owned(), json!({ "type": leaf })),
                ("Same".to_owned(), json!({ "type": "string", "maxLength": twin.len() })),
                ("Middle".to_owned(), json!({ "items": reference("Leaf") })),
                ("Top".to_owned(), json!({ "anyOf": [reference("Middle"), reference("Same")] })),
                ("Self".to_owned(), json!({ "items": reference("Self") })),
                (twin.to_owned(), json!({ "type": "string" })),
                ("Ping".to_owned(), json!({ "properties": { "method": { "const": "ping" } } })),
            ])
        };
        let names = |old: &Definitions, new: &Definitions| -> Vec<String> {
            shared(old, new).into_iter().collect()
        };
        let old = definitions("string", "Older");
        assert_eq!(
            names(&old, &definitions("string", "New")),
            ["Leaf", "Middle", "Same", "Self", "Top"]
        );
        assert_eq!(names(&old, &definitions("number", "New")), ["Same", "Self"]);
    }
}
