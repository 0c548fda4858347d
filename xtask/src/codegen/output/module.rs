//! The Rust module of a revision.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::{emitter::Emitter, header, method_table, shared, typify};
use crate::codegen::{
    definitions::type_name,
    docs::Docs,
    prepared_schema::PreparedSchema,
    revisions,
    shape::{self, Shape},
};

/// Returns the Rust of a revision. Types shared with the previous revision are re-exported.
pub(crate) fn module(
    prepared: &PreparedSchema,
    previous: Option<&PreparedSchema>,
    docs: &Docs,
) -> Result<String> {
    let PreparedSchema { revision, definitions, methods, .. } = prepared;
    let mut shared = previous
        .map_or_else(BTreeSet::new, |previous| shared::shared(&previous.definitions, definitions));
    // A hand-written type belongs to no revision.
    shared.retain(|name| definitions[name]["x-rust"] != **name);
    let place = |name: &str| format!("definition {name} of {revision}");
    // Before typify, which panics on some schemas that have no shape.
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
    let previous = previous.map(|previous| revisions::module(&previous.revision));
    let header = header::header(revision, previous.as_deref(), &shared, &items)?;
    Ok(header + &items)
}
