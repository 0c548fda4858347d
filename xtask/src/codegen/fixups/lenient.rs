//! Fixups that allow what the specification allows, or what other implementations send.

use serde_json::{Value, json};

use super::replace::{replace, replace_members};
use crate::codegen::definitions::{Definitions, any_object, hand_written, reference, referent};

/// Keeps the schemas of tools and forms as JSON. Structs would lose unknown keywords.
pub(super) fn opaque_schemas(definitions: &mut Definitions) -> usize {
    definitions.insert("Schema".to_owned(), hand_written("Schema"));
    replace_members(definitions, |name, schema| {
        let names = ["inputSchema", "outputSchema", "requestedSchema"];
        (names.contains(&name) && schema["type"] == "object").then(|| reference("Schema"))
    })
}

/// Replaces the definitions of JSON values, which exclude `null` and fractions, and of metadata,
/// which is any object.
pub(super) fn any_json(definitions: &mut Definitions) -> usize {
    let array = json!({ "type": "array", "items": {} });
    replace(definitions, |schema| match referent(schema)? {
        "JSONValue" => Some(json!({})),
        "JSONArray" => Some(array.clone()),
        "JSONObject" | "MetaObject" => Some(any_object()),
        _ => None,
    })
}

/// Makes an object without members any object.
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

/// Allows any JSON as settings of experiments and extensions. A setting that is not an object must
/// not make the other capabilities invalid.
pub(super) fn open_settings(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let settings = ["experimental", "extensions"].contains(&name);
        (settings && schema["additionalProperties"] != json!({})).then(any_object)
    })
}

/// Allows any JSON as structured content. Servers send it, and later revisions allow it. `null`
/// differs from an absent member.
pub(super) fn any_structured_content(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        (name == "structuredContent" && schema["type"] == "object").then(|| json!({}))
    })
}

/// Allows any JSON in the content of a form. The schema says `integer` where the specification
/// allows any number, and the schema of the form describes the values.
pub(super) fn any_form_content(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let values = &schema["additionalProperties"];
        let is_union = values["anyOf"].is_array() || values["type"].is_array();
        (name == "content" && is_union).then(any_object)
    })
}

/// Makes `resultType`, `ttlMs` and `cacheScope` optional. The schema requires them, but the
/// specification defines defaults: complete, stale and private (MCP basic, "ResultType"; caching).
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
