//! Imports, generates and compiles new schemas in a scratch folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    definitions,
    docs::Docs,
    fixups, output,
    prepared_schema::PreparedSchema,
    revisions::{self, REVISIONS},
};
use crate::{
    files::{self, Mode},
    schema,
};

/// A copy of `mcp-types`, to which the types of more schemas are added.
pub(crate) struct DryRun {
    folder: PathBuf,
    modules: Vec<String>,
}

/// The work that is left before the types of a schema can be committed.
#[derive(Debug)]
pub(crate) struct Report {
    /// The number of places that each fixup changed.
    pub(crate) fixup_counts: Vec<(&'static str, usize)>,
    /// Definitions and members without a text.
    pub(crate) missing: Vec<String>,
}

/// Imports, generates and compiles one schema, and prints what is left to do.
pub(crate) fn run(published: &Path, revision: &str) -> Result<()> {
    let bytes = fs::read(published)
        .with_context(|| format!("cannot read the published schema {}", published.display()))?;
    let mut dry_run = DryRun::new("schema-try")?;
    let Report { fixup_counts, missing } = dry_run.add(&bytes, revision)?;
    for (fixup, count) in fixup_counts {
        println!("places changed by fixup {fixup}: {count}");
    }
    for path in &missing {
        println!("missing text: {path}");
    }
    println!("{} texts are missing", missing.len());
    dry_run.compile()?;
    println!("the types compile: {}", dry_run.folder.display());
    Ok(())
}

impl DryRun {
    /// Creates an empty scratch folder in the target folder.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let folder = files::target().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy(&files::root().join("crates/mcp-types/src"), &folder.join("src"))?;
        fs::copy(files::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("Cargo.toml"), MANIFEST)?;
        Ok(Self { folder, modules: Vec::new() })
    }

    /// Imports a schema and generates its types.
    pub(crate) fn add(&mut self, published: &[u8], revision: &str) -> Result<Report> {
        let folder = self.folder.join("schema").join(revision);
        schema::import_to(&folder, published, revision, Mode::Write)?;
        let published = definitions::parse(&files::read(&folder.join("schema.json"))?)?;
        let mut definitions = published.clone();
        let fixup_counts = fixups::apply_all(&mut definitions, revision);
        let model = PreparedSchema::new(revision, published, definitions, &[])?;
        let before = REVISIONS.iter().rfind(|before| before.name < revision);
        let before = before.map(PreparedSchema::load).transpose()?;
        let docs = Docs::load()?;
        let code = output::module(&model, before.as_ref(), &docs)?;
        let module = revisions::module(revision);
        fs::write(self.folder.join(format!("src/generated/{module}.rs")), code)?;
        self.modules.push(module);
        Ok(Report { fixup_counts, missing: docs.missing() })
    }

    /// Compiles the crate offline, and reuses what the workspace has built.
    pub(crate) fn compile(&self) -> Result<()> {
        let candidates = ["src/generated/mod.rs", "src/generated.rs"];
        let list =
            candidates.map(|file| self.folder.join(file)).into_iter().find(|file| file.exists());
        let list = list.context("mcp-types has no module `generated`")?;
        let mut modules = files::read(&list)?;
        for module in &self.modules {
            modules += &format!("\npub mod {module};\n");
        }
        fs::write(list, modules)?;
        let output = Command::new(env!("CARGO"))
            .current_dir(&self.folder)
            .args(["check", "--quiet", "--offline"])
            .env("CARGO_TARGET_DIR", files::target())
            .output()
            .context("cannot run cargo")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the types do not compile:\n{errors}");
        Ok(())
    }
}

/// The dependencies of `mcp-types`. The copied lock file has the versions.
const MANIFEST: &str = r#"
[package]
name = "dry-run-types"
version = "0.0.0"
edition = "2024"

[dependencies]
serde = { version = "1", default-features = false, features = ["derive", "std"] }
serde_json = { version = "1", default-features = false, features = ["raw_value", "std"] }

[workspace]

[profile.dev]
debug = "line-tables-only"
"#;

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::*;

    /// A schema in the style of the older revisions: draft-07, inline parameters, requests without
    /// an id.
    const FIXTURE: &[u8] = include_bytes!("../../fixtures/draft-07.json");

    #[test]
    fn unseen_schemas_are_imported_generated_and_compile() {
        let mut dry_run = DryRun::new("unseen-schemas").unwrap();
        dry_run.add(FIXTURE, "2025-01-01").unwrap();
        for revision in ["2025-03-26", "2025-06-18"] {
            let path = format!("../shared/mcp-spec/schema/{revision}.json");
            match fs::read(files::root().join(&path)) {
                Ok(published) => drop(dry_run.add(&published, revision).unwrap()),
                // Not `eprintln!`, because the test harness hides the output of passing tests.
                Err(_) => writeln!(io::stderr(), "SKIPPED: {revision}: no {path}").unwrap(),
            }
        }
        dry_run.compile().unwrap();
        let module = dry_run.folder.join("src/generated/v2025_01_01.rs");
        let module = files::read(&module).unwrap();
        for expected in [
            "pub struct GreetRequestParams",
            "pub enum GreetResultMood",
            "impl Method for GreetRequest",
            "name: \"greetings/greet\"",
            "pub type ProgressToken = RequestId",
        ] {
            assert!(module.contains(expected), "{expected}");
        }
    }
}
