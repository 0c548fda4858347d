//! Our own documentation of the protocol's types: texts by the path of what they describe.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::files;

/// The texts of `schema/docs.toml` for one revision, and which of them were asked for.
pub(crate) struct Docs {
    texts: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
    missing: RefCell<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    docs: BTreeMap<String, String>,
    #[serde(default)]
    revision: BTreeMap<String, BTreeMap<String, String>>,
}

impl Docs {
    /// Reads the texts; those of the revision take precedence over the shared ones.
    pub(crate) fn load(revision: &str) -> Result<Self> {
        let path = files::root().join("schema/docs.toml");
        Self::parse(&files::read(&path)?, revision).context("schema/docs.toml")
    }

    fn parse(text: &str, revision: &str) -> Result<Self> {
        let File { docs: mut texts, revision: mut overrides } = toml::from_str(text)?;
        texts.extend(overrides.remove(revision).unwrap_or_default());
        Ok(Self { texts, used: RefCell::default(), missing: RefCell::default() })
    }

    /// The text for `path`; empty if there is none, which is remembered.
    pub(crate) fn text(&self, path: &str) -> &str {
        match self.texts.get(path) {
            Some(text) => {
                self.used.borrow_mut().insert(path.to_owned());
                text.trim()
            }
            None => {
                self.missing.borrow_mut().insert(path.to_owned());
                ""
            }
        }
    }

    /// Paths that were asked for and have no text.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }

    /// Paths with a text that nothing asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        self.texts.keys().filter(|path| !used.contains(*path)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_overrides_texts_and_gaps_are_remembered() {
        let text = "docs.A = 'shared'\ndocs.'A.b' = 'b'\nrevision.'2025-11-25'.A = 'own'";
        let docs = Docs::parse(text, "2025-11-25").unwrap();
        assert_eq!(docs.text("A"), "own");
        assert_eq!(docs.text("A.c"), "");
        assert_eq!(docs.missing(), ["A.c"]);
        assert_eq!(docs.unused(), ["A.b"]);
        assert_eq!(Docs::parse(text, "2024-11-05").unwrap().text("A"), "shared");
        assert!(Docs::parse("[doc]", "2024-11-05").is_err());
    }
}
