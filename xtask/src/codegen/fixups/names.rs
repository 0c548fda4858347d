//! Fixups that give names to inline schemas and rename definitions.

use serde_json::{Value, json};

use super::replace::{replace, replace_members};
use crate::codegen::definitions::{
    Definitions, hand_written, is_method, members_mut, reference, referent,
};

/// Moves `Result` to its alias `EmptyResult`, because `Result` is a name of Rust.
pub(super) fn empty_result(definitions: &mut Definitions) -> usize {
    let Some(result) = definitions.get("Result").cloned() else { return 0 };
    let alias = definitions.get_mut("EmptyResult").filter(|alias| **alias == reference("Result"));
    alias.map(|alias| *alias = result).is_some().into()
}

/// Replaces definitions that are a string or an integer with `RequestId`.
pub(super) fn request_ids(definitions: &mut Definitions) -> usize {
    let ids = definitions.iter_mut().filter(|(_, d)| d["type"] == json!(["string", "integer"]));
    ids.map(|(_, definition)| *definition = hand_written("RequestId")).count()
}

/// Gives the scopes of cacheable results one type.
pub(super) fn named_cache_scope(definitions: &mut Definitions) -> usize {
    extract(definitions, "CacheScope", |name, schema| {
        name == "cacheScope" && schema["enum"].is_array()
    })
}

/// Gives the `_meta` of requests one type, with the name that later revisions use.
pub(super) fn named_request_meta(definitions: &mut Definitions) -> usize {
    extract(definitions, "RequestMetaObject", |name, schema| {
        name == "_meta" && schema["properties"]["progressToken"].is_object()
    })
}

/// Gives the inline union of text and blob a name. The definition with that name, their common
/// base, is not used.
pub(super) fn named_resource_contents(definitions: &mut Definitions) -> usize {
    let variants = ["TextResourceContents", "BlobResourceContents"].map(reference);
    let union = json!({ "anyOf": variants });
    let name = || reference("ResourceContents");
    let count = replace(definitions, |schema| (*schema == union).then(name));
    definitions.insert("ResourceContents".to_owned(), union);
    count
}

/// Gives the inline union of one block and an array of blocks a name.
pub(super) fn named_sampling_content(definitions: &mut Definitions) -> usize {
    let block = reference("SamplingMessageContentBlock");
    let blocks = json!({ "type": "array", "items": block });
    let count = replace(definitions, |schema| {
        let variants = schema["anyOf"].as_array()?;
        variants.contains(&blocks).then(|| reference("SamplingContent"))
    });
    let mut content = hand_written("OneOrMany<SamplingMessageContentBlock>");
    content["items"] = block;
    definitions.insert("SamplingContent".to_owned(), content);
    count
}

/// Gives inline parameters a name like that of other parameters.
pub(super) fn named_params(definitions: &mut Definitions) -> usize {
    let mut named = Definitions::new();
    for (name, definition) in definitions.iter_mut().filter(|(_, d)| is_method(d)) {
        let inline = members_mut(definition)
            .find(|(name, schema)| *name == "params" && schema.get("properties").is_some());
        if let Some((_, params)) = inline {
            let name = format!("{name}Params");
            named.insert(name.clone(), std::mem::replace(params, reference(&name)));
        }
    }
    let count = named.len();
    definitions.extend(named);
    count
}

/// Moves the data of an error out of the definition of the whole response.
pub(super) fn named_error_data(definitions: &mut Definitions) -> usize {
    let data = |(name, definition): (&String, &Value)| {
        let parts = definition["properties"]["error"]["allOf"].as_array()?;
        let mut data = parts.iter().map(|part| &part["properties"]["data"]);
        let data = data.find(|data| data["properties"].is_object())?;
        Some((format!("{name}Data"), data.clone()))
    };
    let named: Definitions = definitions.iter().filter_map(data).collect();
    let count = named.len();
    definitions.extend(named);
    count
}

/// Makes `ClientNotification` a union again. The schema has the only notification in its place.
pub(super) fn client_notification_union(definitions: &mut Definitions) -> usize {
    let Some(union) = definitions.get("ClientNotification").filter(|union| is_method(union)) else {
        return 0;
    };
    let same = |(name, other): &(&String, &Value)| *other == union && *name != "ClientNotification";
    let Some((name, _)) = definitions.iter().find(same) else { return 0 };
    let union = json!({ "anyOf": [reference(name)] });
    definitions.insert("ClientNotification".to_owned(), union);
    1
}

/// Marks the server requests inside a result. They are plain objects with a method and parameters.
pub(super) fn input_requests(definitions: &mut Definitions) -> usize {
    let variants =
        definitions.get("InputRequest").and_then(|union| union["anyOf"].as_array()).cloned();
    let mut count = 0;
    for variant in variants.iter().flatten() {
        if let Some(Value::Object(request)) =
            referent(variant).and_then(|name| definitions.get_mut(name))
        {
            request.insert("x-input".to_owned(), true.into());
            count += 1;
        }
    }
    count
}

/// Moves the members that `matches` selects into one definition.
fn extract(
    definitions: &mut Definitions,
    definition: &str,
    matches: impl Fn(&str, &Value) -> bool,
) -> usize {
    let mut found = None;
    let count = replace_members(definitions, |name, schema| {
        matches(name, schema).then(|| {
            found = Some(schema.clone());
            reference(definition)
        })
    });
    definitions.extend(found.map(|schema| (definition.to_owned(), schema)));
    count
}
