//! The definitions of a schema.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::files;

/// Definitions by name, in the order of the published schemas.
pub(crate) type Definitions = BTreeMap<String, Value>;

/// Reads the committed schema of a revision.
pub(crate) fn load(revision: &str) -> Result<Definitions> {
    let path = files::schema_dir(revision).join("schema.json");
    parse(&files::read(&path)?).with_context(|| path.display().to_string())
}

/// Reads the definitions of a schema. Draft-07 has them in `definitions` instead of `$defs`.
pub(crate) fn parse(schema: &str) -> Result<Definitions> {
    let mut schema: Map<String, Value> = serde_json::from_str(schema)?;
    let definitions = schema.remove("$defs").or_else(|| schema.remove("definitions"));
    let mut definitions: Definitions =
        serde_json::from_value(definitions.context("the schema has no definitions")?)?;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            if let Some(name) = referent(schema).map(str::to_owned) {
                *schema = reference(&name);
            }
        });
    }
    Ok(definitions)
}

/// Returns a schema that refers to a definition.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// Returns the name of the definition that a schema refers to.
pub(crate) fn referent(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Returns a definition that stands for a hand-written type.
pub(crate) fn hand_written(rust: &str) -> Value {
    json!({ "x-rust": rust })
}

/// Returns the schema of an object with any members.
pub(crate) fn any_object() -> Value {
    json!({ "type": "object", "additionalProperties": {} })
}

/// Returns the members of an object schema.
pub(crate) fn members(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v))
}

/// The members of a schema of an object, to be changed.
pub(crate) fn members_mut(schema: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// Returns true if an object schema requires the member `name`.
pub(crate) fn requires(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|item| item == name))
}

/// Returns true for the definition of a request or notification.
pub(crate) fn is_method(definition: &Value) -> bool {
    definition["properties"]["method"]["const"].is_string()
}

/// Calls `visit` for every schema inside `schema`, innermost first, and for `schema` itself.
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

/// Converts a name on the wire to the name of a type or variant.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| Some(word.get(..1)?.to_ascii_uppercase() + word.get(1..)?)).collect()
}

/// Returns the name of the Rust type of a definition. Acronyms are written as words.
pub(crate) fn type_name(definition: &str) -> String {
    definition.replace("URL", "Url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_type_names() {
        for (wire, rust) in
            [("resource_link", "ResourceLink"), ("listChanged", "ListChanged"), ("_meta", "Meta")]
        {
            assert_eq!(pascal(wire), rust);
        }
        assert_eq!(type_name("ElicitRequestURLParams"), "ElicitRequestUrlParams");
    }
}
