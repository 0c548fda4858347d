//! Mends what the published schemas say less well than the specification does.
//!
//! A fixup that matches nothing any more is an error: it has to go.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::model::{Definitions, is_method, members_mut, reference, walk};

/// Applies all fixups.
pub(crate) fn apply(definitions: &mut Definitions) -> Result<()> {
    for (name, fixup) in FIXUPS {
        ensure!(fixup(definitions) > 0, "fixup `{name}` matches nothing any more: remove it");
    }
    Ok(())
}

/// A fixup returns how many places it has mended.
type Fixup = fn(&mut Definitions) -> usize;

const FIXUPS: [(&str, Fixup); 10] = [
    ("empty_result", empty_result),
    ("one_type_of_ids", one_type_of_ids),
    ("opaque_schemas", opaque_schemas),
    ("open_objects", open_objects),
    ("any_structured_content", any_structured_content),
    ("any_form_answers", any_form_answers),
    ("named_request_meta", named_request_meta),
    ("named_resource_contents", named_resource_contents),
    ("named_sampling_content", named_sampling_content),
    ("named_params", named_params),
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

/// An object without members of its own, but open for any, is just any object.
fn open_objects(definitions: &mut Definitions) -> usize {
    let open = json!({ "type": "object", "properties": {}, "additionalProperties": true });
    replace(definitions, |schema| (*schema == open).then(any_object))
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
        let answers = name == "content" && schema["additionalProperties"]["anyOf"].is_array();
        answers.then(any_object)
    })
}

/// All requests have the same `_meta`: one type, by the name that later revisions give it.
fn named_request_meta(definitions: &mut Definitions) -> usize {
    let mut meta = None;
    let count = replace_members(definitions, |name, schema| {
        let matches = name == "_meta" && schema["properties"]["progressToken"].is_object();
        matches.then(|| {
            meta = Some(schema.clone());
            reference("RequestMetaObject")
        })
    });
    definitions.extend(meta.map(|meta| ("RequestMetaObject".to_owned(), meta)));
    count
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

/// A definition that is a type written by hand.
fn native(rust: &str) -> Value {
    json!({ "x-rust": rust })
}

fn any_object() -> Value {
    json!({ "type": "object", "additionalProperties": {} })
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
        let error = apply(&mut Definitions::new()).unwrap_err();
        assert_eq!(error.to_string(), "fixup `empty_result` matches nothing any more: remove it");
        for (name, fixup) in FIXUPS {
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
