//! Generates the protocol types of each revision from its committed schema.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};

use super::{
    definitions::{self as model, Definitions},
    docs::Docs,
    fixups,
    methods::{self, Method},
    output::{self, Emitter},
    revisions::{self, REVISIONS, Revision},
    shape::{self, Shape},
};
use crate::files::{self, Mode};

/// Where the types go, and where the table by which tests find them.
const SOURCES: &str = "crates/mcp-types/src/generated";
const TESTS: &str = "crates/mcp-types/tests/it/generated";

/// A revision, ready to be written as Rust.
pub(crate) struct Model {
    pub(crate) revision: String,
    /// The definitions as published.
    pub(crate) published: Definitions,
    /// What becomes a Rust item.
    pub(crate) definitions: Definitions,
    /// The methods, by their names on the wire.
    pub(crate) methods: Vec<Method>,
}

/// Writes or checks the types of one revision, or of all.
pub(crate) fn run(only: Option<&str>, mode: Mode) -> Result<()> {
    only.map(revisions::find).transpose()?;
    let docs = Docs::load()?;
    let models = REVISIONS.iter().map(Model::load).collect::<Result<Vec<_>>>()?;
    leftovers(&files::root().join(SOURCES), &["methods.md", "mod.rs"])?;
    leftovers(&files::root().join(TESTS), &[])?;
    let mut fresh = Vec::new();
    for (at, model) in models.iter().enumerate() {
        if only.is_none_or(|only| only == model.revision) {
            let code = model.code(at.checked_sub(1).map(|before| &models[before]), &docs)?;
            let file = format!("{}.rs", revisions::module(&model.revision));
            fresh.push((format!("{SOURCES}/{file}"), code));
            fresh.push((format!("{TESTS}/{file}"), output::test_table(model)));
        }
    }
    fresh.push((format!("{SOURCES}/methods.md"), output::markdown(&models)));
    sync(files::root(), &fresh, mode)?;
    // A text that this revision does not use may be another's.
    let unused = if only.is_none() { docs.unused() } else { Vec::new() };
    report(&docs.missing(), &unused, mode)
}

/// Fails if a folder has a file that belongs to no revision and is none of `others`.
fn leftovers(folder: &Path, others: &[&str]) -> Result<()> {
    let file = |revision: &Revision| format!("{}.rs", revisions::module(revision.name));
    let files: Vec<_> = REVISIONS.iter().map(file).collect();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        ensure!(
            files.contains(&name) || others.contains(&name.as_str()),
            "{} is generated from nothing: remove it",
            path.strip_prefix(files::root()).unwrap_or(&path).display()
        );
    }
    Ok(())
}

/// Writes all files, or fails with each that is stale.
fn sync(folder: &Path, files: &[(String, String)], mode: Mode) -> Result<()> {
    let sync = |(file, text): &(String, String)| {
        files::sync(&folder.join(file), text, mode, "cargo xtask codegen")
    };
    let errors = files.iter().filter_map(|file| sync(file).err());
    let errors: Vec<_> = errors.map(|error| format!("{error:#}")).collect();
    ensure!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

impl Model {
    pub(crate) fn load(revision: &Revision) -> Result<Self> {
        let Revision { name, roots, .. } = *revision;
        let published = model::load(name)?;
        let mut definitions = published.clone();
        fixups::apply(&mut definitions, revision).context(name)?;
        Self::new(name, published, definitions, roots).with_context(|| format!("revision {name}"))
    }

    /// Makes one of definitions that the fixups have been applied to.
    pub(crate) fn new(
        revision: &str,
        published: Definitions,
        mut definitions: Definitions,
        roots: &[&str],
    ) -> Result<Self> {
        let mut methods = methods::all(&definitions)?;
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        model::flatten(&mut definitions)?;
        model::annotate(&mut definitions);
        model::hoist(&mut definitions)?;
        let error_data = definitions.keys().filter(|name| name.ends_with("ErrorData")).cloned();
        let roots = roots.iter().map(|root| (*root).to_owned());
        let needed: Vec<_> =
            roots.chain(error_data).chain(methods.iter().flat_map(Method::needs)).collect();
        let definitions = model::reachable(&definitions, &needed)?;
        Ok(Self { revision: revision.to_owned(), published, definitions, methods })
    }

    /// The Rust of the revision; what it shares with the one before it is re-exported.
    pub(crate) fn code(&self, before: Option<&Self>, docs: &Docs) -> Result<String> {
        let Self { revision, definitions, methods, .. } = self;
        let mut shared = before
            .map_or_else(BTreeSet::new, |before| output::shared(&before.definitions, definitions));
        // A type written by hand belongs to no revision.
        shared.retain(|name| definitions[name]["x-rust"] != **name);
        let place = |name: &str| format!("definition {name} of {revision}");
        // All of them before typify, which panics on some of what has no shape.
        let shape = |name: &String| Shape::of(name, definitions).with_context(|| place(name));
        let shapes = definitions.keys().map(shape).collect::<Result<Vec<_>>>()?;
        let structs = output::structs(definitions, shape::is_struct)?;
        let emitter = Emitter { revision, docs, methods };
        let mut items = String::new();
        let own = definitions.iter().zip(&shapes).filter(|((name, _), _)| !shared.contains(*name));
        for ((name, schema), shape) in own {
            let structure = structs.get(&model::type_name(name));
            let item =
                emitter.definition(name, schema, shape, structure).with_context(|| place(name))?;
            if !item.is_empty() {
                items += "\n";
                items += &item;
            }
        }
        items += "\n";
        items += &output::method_table(methods)?;
        let before = before.map(|before| revisions::module(&before.revision));
        let head = output::head(revision, before.as_deref(), &shared, &items)?;
        Ok(head + &items)
    }
}

/// Lists gaps and leftovers in the documentation; a check fails on any.
fn report(missing: &[String], unused: &[String], mode: Mode) -> Result<()> {
    for path in missing {
        println!("no text: {path}");
    }
    for path in unused {
        println!("unused text: {path}");
    }
    ensure!(
        mode == Mode::Write || missing.is_empty() && unused.is_empty(),
        "schema/docs.toml lacks {} texts and has {} unused ones: `cargo xtask codegen` lists them",
        missing.len(),
        unused.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_types_are_fresh() {
        run(None, Mode::Check).unwrap();
    }

    #[test]
    fn a_check_names_all_that_is_stale() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-stale-{}", std::process::id()));
        let files = ["a.rs", "b.rs", "c.rs"].map(|file| (file.to_owned(), "fresh".to_owned()));
        sync(&folder, &files[1..2], Mode::Write).unwrap();
        let error = sync(&folder, &files, Mode::Check).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        let stale: Vec<_> = error.lines().collect();
        assert!(stale.len() == 2 && stale[0].contains("a.rs is stale"), "{error}");
        assert!(stale[1].ends_with("c.rs is stale: run `cargo xtask codegen`"), "{error}");
    }

    #[test]
    fn a_file_of_no_revision_is_a_leftover() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-left-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["v2025_11_25.rs", "methods.md"] {
            fs::write(folder.join(name), "").unwrap();
        }
        leftovers(&folder, &["methods.md"]).unwrap();
        fs::write(folder.join("v1.rs"), "").unwrap();
        let error = leftovers(&folder, &["methods.md"]).unwrap_err().to_string();
        assert!(error.ends_with("v1.rs is generated from nothing: remove it"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
