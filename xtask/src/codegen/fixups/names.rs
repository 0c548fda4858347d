//! Fixups that give names to what the schema writes out, and take them from what is no type.

use serde_json::{Value, json};

use super::replace::{replace, replace_members};
use crate::codegen::definitions::{
    Definitions, hand_written, is_method, members_mut, reference, referent,
};

/// `Result` is Rust's own name, and the schema has an alias for it that says what it means.
pub(super) fn empty_result(definitions: &mut Definitions) -> usize {
    let Some(result) = definitions.get("Result").cloned() else { return 0 };
    let alias = definitions.get_mut("EmptyResult").filter(|alias| **alias == reference("Result"));
    alias.map(|alias| *alias = result).is_some().into()
}

/// Both are a string or an integer, which is what `RequestId` of the envelope is.
pub(super) fn request_ids(definitions: &mut Definitions) -> usize {
    let ids = definitions.iter_mut().filter(|(_, d)| d["type"] == json!(["string", "integer"]));
    ids.map(|(_, definition)| *definition = hand_written("RequestId")).count()
}

/// All results that can be kept have the same scopes: one type.
pub(super) fn named_cache_scope(definitions: &mut Definitions) -> usize {
    extract(definitions, "CacheScope", |name, schema| {
        name == "cacheScope" && schema["enum"].is_array()
    })
}

/// All requests have the same `_meta`: one type, by the name that later revisions give it.
pub(super) fn named_request_meta(definitions: &mut Definitions) -> usize {
    extract(definitions, "RequestMetaObject", |name, schema| {
        name == "_meta" && schema["properties"]["progressToken"].is_object()
    })
}

/// The choice of text and blob is written out wherever it is meant; the definition with the fitting
/// name, their common base, is used by nothing.
pub(super) fn named_resource_contents(definitions: &mut Definitions) -> usize {
    let variants = ["TextResourceContents", "BlobResourceContents"].map(reference);
    let union = json!({ "anyOf": variants });
    let name = || reference("ResourceContents");
    let count = replace(definitions, |schema| (*schema == union).then(name));
    definitions.insert("ResourceContents".to_owned(), union);
    count
}

/// The choice of a block and an array of blocks is written out with all kinds of block.
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

/// Parameters written inline get the name that the others have.
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

/// The data of an error stands inside the definition of the whole answer.
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

/// The only notification of the client stands in the place of the union of all.
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

/// What a server asks for within a result looks like a request, but is data: an object with a
/// method and parameters.
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

/// Gives the members that `matches` tells a definition of their own.
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
