//! Generates structs from object schemas with typify.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use schemars08::schema::Schema;
use serde_json::{Value, json};
use typify_impl::{TypeSpace, TypeSpaceSettings};

use crate::codegen::definitions::{Definitions, members_mut, requires, type_name, walk};

/// Returns the structs by name, for the definitions that `is_struct` selects. References to other
/// definitions keep their names, because those types are generated elsewhere.
pub(crate) fn generate(
    definitions: &Definitions,
    is_struct: impl Fn(&Value) -> bool,
) -> Result<BTreeMap<String, syn::ItemStruct>> {
    let mut settings = TypeSpaceSettings::default();
    settings.with_map_type("::std::collections::BTreeMap");
    let mut schemas = Vec::new();
    for (name, definition) in definitions {
        let name = type_name(name);
        let schema = if is_struct(definition) {
            prepare(definition.clone())
        } else {
            settings.with_replacement(&name, &name, std::iter::empty());
            json!({})
        };
        schemas.push((name, serde_json::from_value::<Schema>(schema)?));
    }
    let mut types = TypeSpace::new(&settings);
    types.add_ref_types(schemas).context("typify does not take the schema")?;
    let file: syn::File = syn::parse2(types.to_stream()).context("typify's code is not Rust")?;
    let structs = file.items.into_iter().filter_map(|item| match item {
        syn::Item::Struct(item) => Some((item.ident.to_string(), item)),
        _ => None,
    });
    Ok(structs.collect())
}

/// Prepares a schema for typify.
///
/// References get the names of Rust types. Optional arrays and objects become nullable, because
/// typify does not distinguish an absent one from an empty one. Limits are removed: they would
/// change the type of an integer, and a value out of range, such as a negative `ttlMs`, would make
/// the whole message invalid. `additionalProperties` is removed, because every struct keeps unknown
/// members.
fn prepare(mut definition: Value) -> Value {
    if let Value::Object(keywords) = &mut definition {
        keywords.remove("additionalProperties");
    }
    walk(&mut definition, &mut |schema| {
        if let Some(Value::String(path)) = schema.get_mut("$ref") {
            *path = type_name(path);
        }
        if let Value::Object(keywords) = schema {
            keywords.retain(|keyword, _| !["minimum", "maximum"].contains(&keyword.as_str()));
        }
    });
    let required = definition.clone();
    for (name, member) in members_mut(&mut definition) {
        if !requires(&required, name) && (member["type"] == "array" || member["type"] == "object") {
            let description = member["description"].take();
            let container = member.take();
            *member = json!({
                "anyOf": [container, { "type": "null" }],
                "description": description,
            });
        }
    }
    definition
}
