//! The schema of a revision, prepared for generation.

use anyhow::{Context, Result};

use super::{
    definitions::{self, Definitions},
    fixups,
    methods::{self, Method},
    revisions::Revision,
    transform,
};

/// The definitions and methods of a revision, ready to be written as Rust.
pub(crate) struct PreparedSchema {
    pub(crate) revision: String,
    /// The definitions as published.
    pub(crate) published: Definitions,
    /// The definitions that become Rust items.
    pub(crate) definitions: Definitions,
    /// The methods, by their names on the wire.
    pub(crate) methods: Vec<Method>,
}

impl PreparedSchema {
    pub(crate) fn load(revision: &Revision) -> Result<Self> {
        let Revision { name, roots, .. } = *revision;
        let published = definitions::load(name)?;
        let mut definitions = published.clone();
        fixups::apply(&mut definitions, revision).context(name)?;
        Self::new(name, published, definitions, roots).with_context(|| format!("revision {name}"))
    }

    /// Prepares definitions to which the fixups were applied.
    pub(crate) fn new(
        revision: &str,
        published: Definitions,
        mut definitions: Definitions,
        roots: &[&str],
    ) -> Result<Self> {
        let mut methods = methods::all(&definitions)?;
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        transform::flatten(&mut definitions)?;
        transform::annotate(&mut definitions);
        transform::hoist(&mut definitions)?;
        let error_data = definitions.keys().filter(|name| name.ends_with("ErrorData")).cloned();
        let roots = roots.iter().map(|root| (*root).to_owned());
        let needed: Vec<_> =
            roots.chain(error_data).chain(methods.iter().flat_map(Method::needs)).collect();
        let definitions = transform::reachable(&definitions, &needed)?;
        Ok(Self { revision: revision.to_owned(), published, definitions, methods })
    }
}
