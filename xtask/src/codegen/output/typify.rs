//! Has typify make structs of the definitions that are plain objects: schemas in, structs out.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use schemars08::schema::Schema;
use serde_json::{Value, json};
use typify_impl::{TypeSpace, TypeSpaceSettings};

use crate::codegen::definitions::{Definitions, members_mut, requires, type_name, walk};

/// The structs by name; `is_struct` tells which definitions are plain objects. What they refer to
/// and is none keeps its name, as a type that is made elsewhere.
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

/// Renames the referents to Rust types, and makes optional containers nullable: typify would not
/// tell an absent one from an empty one. A limit would make another type of an integer, which then
/// fails the whole message: a negative `ttlMs`, for one, only means that a result is stale. Every
/// struct keeps what it does not name, so that typify
/// need not know which of them have to.
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
