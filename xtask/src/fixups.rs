//! Mends what the published schemas say less well than the specification does.
//!
//! A fixup that matches nothing any more in a revision is an error: its span has to end, or it has
//! to go.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::model::{
    Definitions, any_object, is_method, members_mut, native, reference, referent, walk,
};

/// Applies the fixups of a revision; each has to match something.
pub(crate) fn apply(definitions: &mut Definitions, revision: &str) -> Result<()> {
    let idle = try_all(definitions, revision);
    ensure!(
        idle.is_empty(),
        "fixups that match nothing: {}; end their span before {revision}, or remove them",
        idle.join(", ")
    );
    Ok(())
}

/// Applies the fixups of a revision, and returns those that match nothing.
pub(crate) fn try_all(definitions: &mut Definitions, revision: &str) -> Vec<&'static str> {
    let of_revision = FIXUPS.into_iter().filter(|(_, span, _)| span.contains(revision));
    of_revision.filter(|(_, _, fixup)| fixup(definitions) == 0).map(|(name, _, _)| name).collect()
}

/// A fixup returns how many places it has mended.
type Fixup = fn(&mut Definitions) -> usize;

/// The revisions that need a fixup; their names are dates, so they sort by age.
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
    ("empty_result", Span::All, empty_result),
    ("one_type_of_ids", Span::All, one_type_of_ids),
    ("opaque_schemas", Span::All, opaque_schemas),
    ("any_json", Span::Since("2026-07-28"), any_json),
    ("open_objects", Span::All, open_objects),
    ("open_settings", Span::All, open_settings),
    ("any_structured_content", Span::Until("2025-11-25"), any_structured_content),
    ("any_form_answers", Span::All, any_form_answers),
    ("lenient_results", Span::Since("2026-07-28"), lenient_results),
    ("named_cache_scope", Span::Since("2026-07-28"), named_cache_scope),
    ("named_request_meta", Span::Until("2025-11-25"), named_request_meta),
    ("named_resource_contents", Span::All, named_resource_contents),
    ("named_sampling_content", Span::All, named_sampling_content),
    ("named_params", Span::All, named_params),
    ("named_error_data", Span::All, named_error_data),
    ("union_of_one", Span::Since("2026-07-28"), union_of_one),
    ("input_requests", Span::Since("2026-07-28"), input_requests),
];

/// `Result` is Rust's own name, and the schema has an alias for it that says what it means.
fn empty_result(definitions: &mut Definitions) -> usize {
    let Some(result) = definitions.get("Result").cloned() else { return 0 };
    let alias = definitions.get_mut("EmptyResult").filter(|alias| **alias == reference("Result"));
    alias.map(|alias| *alias = result).is_some().into()
}

/// Both are a string or an integer, which is what `RequestId` of the envelope is.
fn one_type_of_ids(definitions: &mut Definitions) -> usize {
    let ids = definitions.iter_mut().filter(|(_, d)| d["type"] == json!(["string", "integer"]));
    ids.map(|(_, definition)| *definition = native("RequestId")).count()
}

/// As structs, the schemas of tools and forms would lose every keyword that is not spelled out.
fn opaque_schemas(definitions: &mut Definitions) -> usize {
    definitions.insert("Schema".to_owned(), native("Schema"));
    replace_members(definitions, |name, schema| {
        let names = ["inputSchema", "outputSchema", "requestedSchema"];
        (names.contains(&name) && schema["type"] == "object").then(|| reference("Schema"))
    })
}

/// Any JSON has a definition of its own, which leaves out `null` and fractions; and metadata is the
/// object of any members that it was before it had a definition.
fn any_json(definitions: &mut Definitions) -> usize {
    let array = json!({ "type": "array", "items": {} });
    replace(definitions, |schema| match referent(schema)? {
        "JSONValue" => Some(json!({})),
        "JSONArray" => Some(array.clone()),
        "JSONObject" | "MetaObject" => Some(any_object()),
        _ => None,
    })
}

/// An object without members of its own is just any object.
fn open_objects(definitions: &mut Definitions) -> usize {
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
fn open_settings(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let settings = ["experimental", "extensions"].contains(&name);
        (settings && schema["additionalProperties"] != json!({})).then(any_object)
    })
}

/// Servers send any JSON here, as later revisions allow; and `null` is not the same as nothing.
fn any_structured_content(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        (name == "structuredContent" && schema["type"] == "object").then(|| json!({}))
    })
}

/// The schema says `integer` for what is any number in the specification; what a value may be,
/// the form that asks for it says.
fn any_form_answers(definitions: &mut Definitions) -> usize {
    replace_members(definitions, |name, schema| {
        let answer = &schema["additionalProperties"];
        let answers = answer["anyOf"].is_array() || answer["type"].is_array();
        (name == "content" && answers).then(any_object)
    })
}

/// Without `resultType` a result is complete, without `ttlMs` it is stale, and without `cacheScope`
/// it is private; but the schema requires them all (MCP basic, "ResultType"; caching).
fn lenient_results(definitions: &mut Definitions) -> usize {
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

/// All results that can be kept have the same scopes: one type.
fn named_cache_scope(definitions: &mut Definitions) -> usize {
    named(definitions, "CacheScope", |name, schema| {
        name == "cacheScope" && schema["enum"].is_array()
    })
}

/// All requests have the same `_meta`: one type, by the name that later revisions give it.
fn named_request_meta(definitions: &mut Definitions) -> usize {
    named(definitions, "RequestMetaObject", |name, schema| {
        name == "_meta" && schema["properties"]["progressToken"].is_object()
    })
}

/// The choice of text and blob is written out wherever it is meant; the definition with the fitting
/// name, their common base, is used by nothing.
fn named_resource_contents(definitions: &mut Definitions) -> usize {
    let arms = ["TextResourceContents", "BlobResourceContents"].map(reference);
    let union = json!({ "anyOf": arms });
    let name = || reference("ResourceContents");
    let count = replace(definitions, |schema| (*schema == union).then(name));
    definitions.insert("ResourceContents".to_owned(), union);
    count
}

/// The choice of a block and an array of blocks is written out with all kinds of block.
fn named_sampling_content(definitions: &mut Definitions) -> usize {
    let block = reference("SamplingMessageContentBlock");
    let blocks = json!({ "type": "array", "items": block });
    let count = replace(definitions, |schema| {
        let arms = schema["anyOf"].as_array()?;
        arms.contains(&blocks).then(|| reference("SamplingContent"))
    });
    let mut content = native("OneOrMany<SamplingMessageContentBlock>");
    content["items"] = block;
    definitions.insert("SamplingContent".to_owned(), content);
    count
}

/// Parameters written inline get the name that the others have.
fn named_params(definitions: &mut Definitions) -> usize {
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
fn named_error_data(definitions: &mut Definitions) -> usize {
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
fn union_of_one(definitions: &mut Definitions) -> usize {
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
fn input_requests(definitions: &mut Definitions) -> usize {
    let arms = definitions.get("InputRequest").and_then(|union| union["anyOf"].as_array()).cloned();
    let mut count = 0;
    for arm in arms.iter().flatten() {
        if let Some(Value::Object(request)) =
            referent(arm).and_then(|name| definitions.get_mut(name))
        {
            request.insert("x-input".to_owned(), true.into());
            count += 1;
        }
    }
    count
}

/// Gives the members that `matches` tells a definition of their own.
fn named(
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

/// Puts another schema in the place of each for which `mend` returns one.
fn replace(definitions: &mut Definitions, mend: impl Fn(&Value) -> Option<Value>) -> usize {
    let mut count = 0;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            if let Some(mended) = mend(schema) {
                *schema = mended;
                count += 1;
            }
        });
    }
    count
}

/// The same for members, by their name and schema.
fn replace_members(
    definitions: &mut Definitions,
    mut mend: impl FnMut(&str, &Value) -> Option<Value>,
) -> usize {
    let mut count = 0;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            for (name, member) in members_mut(schema) {
                if let Some(mended) = mend(name, member) {
                    *member = mended;
                    count += 1;
                }
            }
        });
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixup_that_matches_nothing_is_an_error() {
        let error = apply(&mut Definitions::new(), "2025-11-25").unwrap_err().to_string();
        assert!(error.starts_with("fixups that match nothing: empty_result, "), "{error}");
        assert!(!error.contains("named_cache_scope"), "{error}");
        for (name, _, fixup) in FIXUPS {
            let plain = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
            let mut definitions = Definitions::from([("A".to_owned(), plain)]);
            assert_eq!(fixup(&mut definitions), 0, "{name}");
        }
    }

    #[test]
    fn fixups_count_and_mend() {
        let mut definitions: Definitions = serde_json::from_value(json!({
            "A": { "properties": { "structuredContent": any_object(), "b": { "properties": {
                "structuredContent": { "type": "object" }, "inputSchema": { "type": "object" },
            } } } },
        }))
        .unwrap();
        assert_eq!(any_structured_content(&mut definitions), 2);
        assert_eq!(opaque_schemas(&mut definitions), 1);
        let a = &definitions["A"]["properties"];
        assert_eq!(a["structuredContent"], json!({}));
        assert_eq!(a["b"]["properties"]["inputSchema"], reference("Schema"));
    }
}
