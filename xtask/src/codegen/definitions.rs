//! The definitions of a schema, brought into a shape in which each becomes one Rust type.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::files;

/// Definitions by name; the published schemas sort them, and their members, in the same way.
pub(crate) type Definitions = BTreeMap<String, Value>;

/// Reads the committed schema of a revision.
pub(crate) fn load(revision: &str) -> Result<Definitions> {
    let path = files::schema_dir(revision).join("schema.json");
    parse(&files::read(&path)?).with_context(|| path.display().to_string())
}

/// Reads the definitions of a schema; those of draft-07 have another place, and references to it.
pub(crate) fn parse(schema: &str) -> Result<Definitions> {
    let mut schema: Map<String, Value> = serde_json::from_str(schema)?;
    let definitions = schema.remove("$defs").or_else(|| schema.remove("definitions"));
    let mut definitions: Definitions =
        serde_json::from_value(definitions.context("the schema defines nothing")?)?;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            if let Some(name) = referent(schema).map(str::to_owned) {
                *schema = reference(&name);
            }
        });
    }
    Ok(definitions)
}

/// The schema that is a reference to a definition.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The definition that a schema refers to.
pub(crate) fn referent(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// A definition that is a type written by hand.
pub(crate) fn native(rust: &str) -> Value {
    json!({ "x-rust": rust })
}

/// The schema of an object with any members.
pub(crate) fn any_object() -> Value {
    json!({ "type": "object", "additionalProperties": {} })
}

/// The members of a schema of an object.
pub(crate) fn members(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v))
}

/// The members of a schema of an object, to be changed.
pub(crate) fn members_mut(schema: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// Whether a schema of an object requires the member `name`.
pub(crate) fn requires(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|item| item == name))
}

/// Whether a definition is that of a request or a notification.
pub(crate) fn is_method(definition: &Value) -> bool {
    definition["properties"]["method"]["const"].is_string()
}

/// Calls `visit` for every schema within `schema`, innermost first, and for itself.
pub(crate) fn walk(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    for keyword in ["properties", "anyOf", "allOf"] {
        match schema.get_mut(keyword) {
            Some(Value::Object(named)) => named.values_mut().for_each(|item| walk(item, visit)),
            Some(Value::Array(items)) => items.iter_mut().for_each(|item| walk(item, visit)),
            _ => {}
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(keyword) {
            walk(inner, visit);
        }
    }
    visit(schema);
}

/// Merges the parts of each `allOf` into one object: typify cannot.
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
        let part = part.context("a part is not defined")?;
        ensure!(part["allOf"].is_null(), "a part is made of parts itself");
        properties.extend(members(part).map(|(name, schema)| (name.to_owned(), schema.clone())));
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required }))
}

/// Gives every definition and member its path as `description`; typify carries it to the Rust
/// item, where the text that belongs to the path takes its place.
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

/// Better names than those made of the owner's and the member's.
const SHORT_NAMES: [(&str, &str); 7] = [
    ("CompleteRequestParamsArgument", "CompletionArgument"),
    ("CompleteRequestParamsContext", "CompletionContext"),
    ("CompleteRequestParamsRef", "CompletionReference"),
    ("CompleteResultCompletion", "Completion"),
    ("CreateMessageRequestParamsIncludeContext", "IncludeContext"),
    ("ElicitResultAction", "ElicitAction"),
    ("ToolExecutionTaskSupport", "TaskSupport"),
];

/// Makes definitions of the objects, enumerations and unions that stand within others.
pub(crate) fn hoist(definitions: &mut Definitions) -> Result<()> {
    let mut hoisted = Definitions::new();
    for (name, definition) in definitions.iter_mut() {
        hoist_members(definition, name, &mut hoisted);
    }
    for (name, definition) in hoisted {
        let previous = definitions.insert(name.clone(), definition);
        ensure!(previous.is_none(), "two definitions are called {name}");
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

/// The definitions that `roots` need.
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

/// The name of a type or variant, made of a name on the wire.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| Some(word.get(..1)?.to_ascii_uppercase() + word.get(1..)?)).collect()
}

/// The name of the Rust type of a definition: acronyms are words.
pub(crate) fn type_name(definition: &str) -> String {
    definition.replace("URL", "Url")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(json: Value) -> Definitions {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn parts_become_one_object() {
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
        assert_eq!(format!("{error:#}"), "B: a part is not defined");
    }

    #[test]
    fn inline_types_are_named_and_keep_their_path() {
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

    #[test]
    fn names_on_the_wire_become_names_of_types() {
        for (wire, rust) in
            [("resource_link", "ResourceLink"), ("listChanged", "ListChanged"), ("_meta", "Meta")]
        {
            assert_eq!(pascal(wire), rust);
        }
        assert_eq!(type_name("ElicitRequestURLParams"), "ElicitRequestUrlParams");
    }
}
