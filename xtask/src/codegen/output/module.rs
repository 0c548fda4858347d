//! The Rust module of a revision.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::{emitter::Emitter, imports, method_table, shared, typify};
use crate::codegen::{
    definitions::type_name,
    docs::Docs,
    prepared_schema::Model,
    revisions,
    shape::{self, Shape},
};

/// The Rust of the revision; what it shares with the one before it is re-exported.
pub(crate) fn module(model: &Model, before: Option<&Model>, docs: &Docs) -> Result<String> {
    let Model { revision, definitions, methods, .. } = model;
    let mut shared = before
        .map_or_else(BTreeSet::new, |before| shared::shared(&before.definitions, definitions));
    // A type written by hand belongs to no revision.
    shared.retain(|name| definitions[name]["x-rust"] != **name);
    let place = |name: &str| format!("definition {name} of {revision}");
    // All of them before typify, which panics on some of what has no shape.
    let shape = |name: &String| Shape::of(name, definitions).with_context(|| place(name));
    let shapes = definitions.keys().map(shape).collect::<Result<Vec<_>>>()?;
    let structs = typify::generate(definitions, shape::is_struct)?;
    let emitter = Emitter { revision, docs, methods };
    let mut items = String::new();
    let own = definitions.iter().zip(&shapes).filter(|((name, _), _)| !shared.contains(*name));
    for ((name, schema), shape) in own {
        let structure = structs.get(&type_name(name));
        let item =
            emitter.definition(name, schema, shape, structure).with_context(|| place(name))?;
        if !item.is_empty() {
            items += "\n";
            items += &item;
        }
    }
    items += "\n";
    items += &method_table::table(methods)?;
    let before = before.map(|before| revisions::module(&before.revision));
    let head = imports::head(revision, before.as_deref(), &shared, &items)?;
    Ok(head + &items)
}
