//! Fixups where the schema allows less than the specification, or than what peers send.

use serde_json::{Value, json};

use super::replace::{replace, replace_members};
use crate::codegen::definitions::{Definitions, any_object, hand_written, reference, referent};

/// As structs, the schemas of tools and forms would lose every keyword that is not spelled out.
pub(super) fn opaque_schemas(definitions: &mut Definitions) -> usize {
    definitions.insert("Schema".to_owned(), hand_written("Schema"));
    replace_members(definitions, |name, schema| {
        let names = ["inputSchema", "outputSchema", "requestedSchema"];
        (names.contains(&name) && schema["type"] == "object").then(|| reference("Schema"))
    })
}

/// Any JSON has a definition of its own, which leaves out `null` and fractions; and metadata is the
/// object of any members that it was before it had a definition.
pub(super) fn any_json(definitions: &mut Definitions) -> usize {
    let array = json!({ "type": "array", "items": {} });
    replace(definitions, |schema| match referent(schema)? {
        "JSONValue" => Some(json!({})),
        "JSONArray" => Some(array.clone()),
        "JSONObject" | "MetaObject" => Some(any_object()),
        _ => None,
    })
}

/// An object without members of its own is just any object.
pub(super) fn open_objects(definitions: &mut Definitions) -> usize {
    replace(definitions, |schema| {
        let own = |keyword: &str| schema[keyword].as_object().is_some_and(|own| !own.is_empty());
        let open = schema["type"] == "object"
            && !own("properties")
            && !own("additionalProperties")
            && *schema != any_object();
        open.then(any_object)
    })
}

/// The settings of experiments and extensions are not ours to judge: a peer that writes one as
/// something else than an object has not made the rest of its capabilities wrong.
pub(super) fn open_settings(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let settings = ["experimental", "extensions"].contains(&name);
        (settings && schema["additionalProperties"] != json!({})).then(any_object)
    })
}

/// Servers send any JSON here, as later revisions allow; and `null` is not the same as nothing.
pub(super) fn any_structured_content(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        (name == "structuredContent" && schema["type"] == "object").then(|| json!({}))
    })
}

/// The schema says `integer` for what is any number in the specification; what a value may be,
/// the form that asks for it says.
pub(super) fn any_form_answers(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let answer = &schema["additionalProperties"];
        let answers = answer["anyOf"].is_array() || answer["type"].is_array();
        (name == "content" && answers).then(any_object)
    })
}

/// Without `resultType` a result is complete, without `ttlMs` it is stale, and without `cacheScope`
/// it is private; but the schema requires them all (MCP basic, "ResultType"; caching).
pub(super) fn optional_result_members(definitions: &mut Definitions) -> usize {
    let lenient = ["resultType", "ttlMs", "cacheScope"];
    let mut count = 0;
    for definition in definitions.values_mut() {
        if let Some(required) = definition.get_mut("required").and_then(Value::as_array_mut) {
            let before = required.len();
            required.retain(|name| !lenient.iter().any(|lenient| name == lenient));
            count += before - required.len();
        }
    }
    count
}
