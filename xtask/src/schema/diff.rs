//! Compares two schemas, definition by definition and member by member.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write},
};

use serde_json::Value;

use super::{import, json::Json};

/// Lists the differences between `old` and `new`. The last line counts them.
pub(crate) fn diff(old: &Json, new: &Json) -> Result<String, fmt::Error> {
    let (old, new) = (definitions_by_name(old), definitions_by_name(new));
    let mut out = String::new();
    let mut changed = 0;
    for change in changes(&old, &new) {
        match change {
            Change::Added(name, _) => writeln!(out, "+ {name}")?,
            Change::Removed(name, _) => writeln!(out, "- {name}")?,
            Change::Changed(name, old, new) => {
                changed += 1;
                writeln!(out, "~ {name}")?;
                write_members(&mut out, old, new)?;
            }
        }
    }
    let shared = old.keys().filter(|name| new.contains_key(*name)).count();
    let (added, removed) = (new.len() - shared, old.len() - shared);
    writeln!(out, "{added} added, {removed} removed, {shared} shared ({changed} of them changed)")?;
    Ok(out)
}

enum Change<'a, T> {
    Added(&'a str, &'a T),
    Removed(&'a str, &'a T),
    Changed(&'a str, &'a T, &'a T),
}

fn changes<'a, T: PartialEq>(
    old: &'a BTreeMap<String, T>,
    new: &'a BTreeMap<String, T>,
) -> Vec<Change<'a, T>> {
    let mut names: Vec<_> = old.keys().chain(new.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name| match (old.get(name), new.get(name)) {
        (Some(old), Some(new)) => (old != new).then_some(Change::Changed(name, old, new)),
        (Some(old), None) => Some(Change::Removed(name, old)),
        (None, Some(new)) => Some(Change::Added(name, new)),
        (None, None) => None,
    };
    names.into_iter().filter_map(change).collect()
}

fn write_members(out: &mut String, old: &Json, new: &Json) -> fmt::Result {
    let (old, new) = (members(old), members(new));
    for change in changes(&old, &new) {
        match change {
            Change::Added(name, new) => writeln!(out, "    + {name}: {new}")?,
            Change::Removed(name, old) => writeln!(out, "    - {name}: {old}")?,
            Change::Changed(name, old, new) if old.required == new.required => {
                write_delta(out, name, old.schema, new.schema)?;
            }
            Change::Changed(name, old, new) => writeln!(out, "    ~ {name}: {old} -> {new}")?,
        }
    }
    Ok(())
}

/// Writes the differences between two values: items of arrays and members of objects.
fn write_delta(out: &mut String, path: &str, old: &Json, new: &Json) -> fmt::Result {
    match (old, new) {
        (Json::Array(old), Json::Array(new)) => {
            let gone: Vec<_> = old.iter().filter(|item| !new.contains(item)).collect();
            let fresh: Vec<_> = new.iter().filter(|item| !old.contains(item)).collect();
            if gone.is_empty() && fresh.is_empty() {
                writeln!(out, "    ~ {path}: in another order")?;
            }
            gone.iter().try_for_each(|item| writeln!(out, "    - {path}: {item}"))?;
            fresh.iter().try_for_each(|item| writeln!(out, "    + {path}: {item}"))
        }
        (Json::Object(_), Json::Object(members))
            if members.iter().any(|(k, _)| old.get(k).is_some()) =>
        {
            let by_name = |json: &Json| json.members().iter().cloned().collect();
            let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (by_name(old), by_name(new));
            changes(&old, &new).into_iter().try_for_each(|change| match change {
                Change::Added(name, new) => writeln!(out, "    + {path}/{name}: {new}"),
                Change::Removed(name, old) => writeln!(out, "    - {path}/{name}: {old}"),
                Change::Changed(name, old, new) => {
                    write_delta(out, &format!("{path}/{name}"), old, new)
                }
            })
        }
        _ => writeln!(out, "    ~ {path}: {old} -> {new}"),
    }
}

/// A member of a definition, or a keyword of the definition itself.
#[derive(PartialEq)]
struct Member<'a> {
    schema: &'a Json,
    required: bool,
}

impl Display for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.required { "required " } else { "" }, self.schema)
    }
}

/// The schema of a required member that has no entry in `properties`.
static ANYTHING: Json = Json::Object(Vec::new());

/// Returns the keywords of a definition and its members. The names of members start with a dot.
fn members(definition: &Json) -> BTreeMap<String, Member<'_>> {
    let required = match definition.get("required") {
        Some(Json::Array(names)) => names.as_slice(),
        _ => &[],
    };
    let properties = definition.get("properties").map_or(&[][..], Json::members);
    let described = |name: &str| properties.iter().any(|(property, _)| property == name);
    let only_required = required.iter().filter_map(|name| match name {
        Json::Scalar(Value::String(name)) if !described(name) => Some(name),
        _ => None,
    });
    let keywords = definition.members().iter();
    keywords
        .filter(|(keyword, _)| !["properties", "required"].contains(&keyword.as_str()))
        .map(|(keyword, schema)| (keyword.clone(), Member { schema, required: false }))
        .chain(properties.iter().map(|(name, schema)| {
            let required = required.contains(&Json::Scalar(name.as_str().into()));
            (format!(".{name}"), Member { schema, required })
        }))
        .chain(
            only_required
                .map(|name| (format!(".{name}"), Member { schema: &ANYTHING, required: true })),
        )
        .collect()
}

fn definitions_by_name(schema: &Json) -> BTreeMap<String, Json> {
    let definitions = import::definitions(schema).iter();
    definitions.map(|(name, schema)| (name.clone(), normalized(schema.clone()))).collect()
}

/// Sorts the members of a schema and normalizes the path of its definitions. Neither changes the
/// meaning of the schema.
fn normalized(schema: Json) -> Json {
    match schema {
        Json::Scalar(Value::String(text)) => {
            Json::Scalar(text.replacen("#/definitions/", "#/$defs/", 1).into())
        }
        Json::Scalar(_) => schema,
        Json::Array(items) => Json::Array(items.into_iter().map(normalized).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(name, value)| (name, normalized(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diff_lists_members_and_counts_definitions() {
        let read = |text| serde_json::from_str::<Json>(text).unwrap();
        let old = read(
            r#"{ "definitions": {
                "Gone": { "type": "object" },
                "Same": { "type": "string" },
                "Tool": { "type": "object", "required": ["a", "b"], "properties": {
                    "a": { "type": "string" }, "b": { "const": 1 }, "c": { "type": "string" } } }
            } }"#,
        );
        let new = read(
            r#"{ "$defs": {
                "Fresh": { "type": "object" },
                "Same": { "type": "string" },
                "Tool": { "type": "object", "additionalProperties": {}, "required": ["a"],
                    "properties": { "a": { "type": "string" }, "b": { "const": 1 }, "d": {} } }
            } }"#,
        );
        let expected = "\
+ Fresh
- Gone
~ Tool
    ~ .b: required {\"const\":1} -> {\"const\":1}
    - .c: {\"type\":\"string\"}
    + .d: {}
    + additionalProperties: {}
1 added, 1 removed, 2 shared (1 of them changed)
";
        assert_eq!(diff(&old, &new).unwrap(), expected);
    }

    #[test]
    fn diff_lists_only_the_changed_part_of_a_member() {
        let read = |text| serde_json::from_str::<Json>(text).unwrap();
        let old = read(
            r#"{ "$defs": { "A": { "anyOf": [1, 2], "enum": ["x", "y"], "properties": {
                "a": { "type": "array", "items": { "type": "string" } },
                "b": { "type": "object" }, "c": { "type": "object", "maximum": 1 } } } } }"#,
        );
        let new = read(
            r#"{ "$defs": { "A": { "anyOf": [2, 3], "enum": ["y", "x"], "properties": {
                "a": { "type": "array", "items": { "type": "string", "maxLength": 9 } },
                "b": { "$ref": "B" }, "c": { "type": "string" } } } } }"#,
        );
        let expected = r#"~ A
    + .a/items/maxLength: 9
    ~ .b: {"type":"object"} -> {"$ref":"B"}
    - .c/maximum: 1
    ~ .c/type: "object" -> "string"
    - anyOf: 1
    + anyOf: 3
    ~ enum: in another order
0 added, 0 removed, 1 shared (1 of them changed)
"#;
        assert_eq!(diff(&old, &new).unwrap(), expected);
    }

    #[test]
    fn diff_of_both_revisions_matches_the_specification() {
        let load = |revision| import::load(revision).unwrap();
        let diff = diff(&load("2025-11-25"), &load("2026-07-28")).unwrap();
        let count = diff.lines().last().unwrap();
        assert_eq!(count, "42 added, 32 removed, 113 shared (60 of them changed)");
        for expected in [
            "+ DiscoverResult\n",
            "- InitializeResult\n",
            "~ Tool\n    ~ ._meta: ",
            "    + .resultType: required {\"type\":\"string\"}\n",
            "    - .execution: {\"$ref\":\"#/$defs/ToolExecution\"}\n",
        ] {
            assert!(diff.contains(expected), "{expected}");
        }
    }

    #[test]
    fn diff_ignores_member_order_and_the_place_of_definitions() {
        let read = |text| serde_json::from_str::<Json>(text).unwrap();
        let old = read(
            r##"{ "definitions": { "A": { "required": ["x"], "properties": {
                "b": { "$ref": "#/definitions/A" }, "c": { "type": "array", "items": {} } } } } }"##,
        );
        let new = r##"{ "$defs": { "A": { "required": ["x"], "properties": {
            "c": { "items": {}, "type": "array" }, "b": { "$ref": "#/$defs/A" } } } } }"##;
        let count = "0 added, 0 removed, 1 shared (0 of them changed)\n";
        assert_eq!(diff(&old, &read(new)).unwrap(), count);
        let lenient = read(&new.replace(r#""required": ["x"], "#, ""));
        let changed =
            "~ A\n    - .x: required {}\n0 added, 0 removed, 1 shared (1 of them changed)\n";
        assert_eq!(diff(&old, &lenient).unwrap(), changed);
    }
}
