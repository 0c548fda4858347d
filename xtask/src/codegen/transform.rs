//! Brings definitions into a form in which each becomes one Rust type.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::definitions::{Definitions, members, members_mut, pascal, reference, referent, walk};

/// Merges the parts of each `allOf` into one object, which typify does not support.
pub(crate) fn flatten(definitions: &mut Definitions) -> Result<()> {
    let originals = definitions.clone();
    for (name, definition) in definitions {
        if let Some(parts) = definition["allOf"].as_array() {
            *definition = merge(parts, &originals).with_context(|| name.clone())?;
        }
    }
    Ok(())
}

fn merge(parts: &[Value], definitions: &Definitions) -> Result<Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts {
        let part = referent(part).map_or(Some(part), |name| definitions.get(name));
        let part = part.context("a part of \"allOf\" is not defined")?;
        ensure!(part["allOf"].is_null(), "a part of \"allOf\" has an \"allOf\" itself");
        properties.extend(members(part).map(|(name, schema)| (name.to_owned(), schema.clone())));
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required }))
}

/// Sets the `description` of each definition and member to its path. typify copies it to the Rust
/// item, where the text for the path replaces it.
pub(crate) fn annotate(definitions: &mut Definitions) {
    for (name, definition) in definitions {
        describe(definition, name.clone());
    }
}

fn describe(schema: &mut Value, path: String) {
    for (name, member) in members_mut(schema) {
        describe(member, format!("{path}.{name}"));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(keyword) {
            describe(inner, format!("{path}.*"));
        }
    }
    if let Value::Object(keywords) = schema {
        keywords.insert("description".to_owned(), path.into());
    }
}

/// Short names for definitions whose name would be made of the names of owner and member.
const SHORT_NAMES: [(&str, &str); 7] = [
    ("CompleteRequestParamsArgument", "CompletionArgument"),
    ("CompleteRequestParamsContext", "CompletionContext"),
    ("CompleteRequestParamsRef", "CompletionReference"),
    ("CompleteResultCompletion", "Completion"),
    ("CreateMessageRequestParamsIncludeContext", "IncludeContext"),
    ("ElicitResultAction", "ElicitAction"),
    ("ToolExecutionTaskSupport", "TaskSupport"),
];

/// Moves inline objects, enumerations and unions into definitions of their own.
pub(crate) fn hoist(definitions: &mut Definitions) -> Result<()> {
    let mut hoisted = Definitions::new();
    for (name, definition) in definitions.iter_mut() {
        hoist_members(definition, name, &mut hoisted);
    }
    for (name, definition) in hoisted {
        let previous = definitions.insert(name.clone(), definition);
        ensure!(previous.is_none(), "two definitions have the name {name}");
    }
    Ok(())
}

fn hoist_members(schema: &mut Value, owner: &str, hoisted: &mut Definitions) {
    for (name, member) in members_mut(schema) {
        let name = format!("{owner}{}", pascal(name));
        hoist_one(member, &name, hoisted);
        for keyword in ["items", "additionalProperties"] {
            if let Some(inner) = member.get_mut(keyword) {
                hoist_one(inner, &name, hoisted);
            }
        }
    }
}

fn hoist_one(schema: &mut Value, name: &str, hoisted: &mut Definitions) {
    if !["anyOf", "enum", "properties"].into_iter().any(|kind| schema.get(kind).is_some()) {
        return;
    }
    let path = schema["description"].clone();
    let short = SHORT_NAMES.iter().find(|(long, _)| *long == name);
    let name = short.map_or(name, |(_, short)| short);
    hoist_members(schema, name, hoisted);
    let mut reference = reference(name);
    reference["description"] = path;
    hoisted.insert(name.to_owned(), std::mem::replace(schema, reference));
}

/// Returns the definitions that `roots` refer to, directly or indirectly.
pub(crate) fn reachable(definitions: &Definitions, roots: &[String]) -> Result<Definitions> {
    let mut found = Definitions::new();
    let mut open = roots.to_vec();
    while let Some(name) = open.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let Some(definition) = definitions.get(&name) else { bail!("{name} is not defined") };
        let mut definition = definition.clone();
        walk(&mut definition, &mut |schema| open.extend(referent(schema).map(str::to_owned)));
        found.insert(name, definition);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(json: Value) -> Definitions {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn all_of_becomes_one_object() {
        let mut model = definitions(json!({
            "A": { "properties": { "a": {}, "c": {} }, "required": ["a"] },
            "B": { "allOf": [reference("A"), { "properties": { "b": {} }, "required": ["b"] }] },
        }));
        flatten(&mut model).unwrap();
        let properties = json!({ "a": {}, "b": {}, "c": {} });
        let expected =
            json!({ "type": "object", "properties": properties, "required": ["a", "b"] });
        assert_eq!(model["B"], expected);

        let mut broken = definitions(json!({ "B": { "allOf": [reference("A")] } }));
        let error = flatten(&mut broken).unwrap_err();
        assert_eq!(format!("{error:#}"), "B: a part of \"allOf\" is not defined");
    }

    #[test]
    fn inline_types_get_names_and_keep_their_paths() {
        let mut model = definitions(json!({
            "A": { "properties": { "bC": { "properties": { "d": { "enum": ["e"] } } } } },
        }));
        annotate(&mut model);
        hoist(&mut model).unwrap();
        assert_eq!(model.keys().collect::<Vec<_>>(), ["A", "ABC", "ABCD"]);
        assert_eq!(referent(&model["A"]["properties"]["bC"]), Some("ABC"));
        assert_eq!(model["A"]["properties"]["bC"]["description"], "A.bC");
        assert_eq!(model["ABCD"]["description"], "A.bC.d");

        let found = reachable(&model, &["ABC".to_owned()]).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["ABC", "ABCD"]);
        assert!(reachable(&model, &["X".to_owned()]).is_err());
    }
}
