//! The documentation texts of the protocol's types, by path.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::files;

/// The texts of `schema/docs.toml`, and which of them were used.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Docs {
    /// Texts for all revisions.
    docs: BTreeMap<String, String>,
    /// Texts for one revision and the later ones.
    #[serde(default)]
    revision: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip)]
    used: RefCell<BTreeSet<String>>,
    #[serde(skip)]
    missing: RefCell<BTreeSet<String>>,
}

impl Docs {
    pub(crate) fn load() -> Result<Self> {
        let path = files::root().join("schema/docs.toml");
        toml::from_str(&files::read(&path)?).context("schema/docs.toml")
    }

    /// Returns the text for `path` in a revision. If there is none, returns an empty text and
    /// records the path as missing.
    ///
    /// A text of a revision also applies to later revisions, until one of them has another text.
    pub(crate) fn text(&self, revision: &str, path: &str) -> &str {
        let mut until_now = self.revision.range(..=revision.to_owned()).rev();
        let own = until_now.find_map(|(since, texts)| Some((since, texts.get(path)?)));
        let (key, text) = match own {
            Some((since, text)) => (own_key(since, path), Some(text)),
            None => (path.to_owned(), self.docs.get(path)),
        };
        let words = text.map_or("", |text| text.trim());
        if words.is_empty() {
            self.missing.borrow_mut().insert(key.clone());
        }
        if text.is_some() {
            self.used.borrow_mut().insert(key);
        }
        words
    }

    /// Returns the paths that were looked up and have no text.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }

    /// Returns the texts that were never looked up.
    pub(crate) fn unused(&self) -> Vec<String> {
        let own = self
            .revision
            .iter()
            .flat_map(|(revision, texts)| texts.keys().map(move |path| own_key(revision, path)));
        let used = self.used.borrow();
        self.docs.keys().cloned().chain(own).filter(|key| !used.contains(key)).collect()
    }
}

fn own_key(revision: &str, path: &str) -> String {
    format!("{path} of {revision}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_override_texts_and_missing_texts_are_recorded() {
        let text = "\
[docs]
A = \"\"\"
shared
\"\"\"
\"A.b\" = \"b\"
[revision.2]
A = \"own\"
[revision.3]
A = \"  \"
C = \"c\"";
        let docs: Docs = toml::from_str(text).unwrap();
        assert_eq!(docs.text("1", "A"), "shared");
        assert_eq!(docs.text("2", "A"), "own");
        assert_eq!(docs.text("1", "A.c"), "");
        assert_eq!(docs.text("3", "A"), "");
        assert_eq!(docs.text("2b", "A"), "own", "applies to later revisions");
        assert_eq!(docs.missing(), ["A of 3", "A.c"]);
        assert_eq!(docs.unused(), ["A.b", "C of 3"]);
        assert_eq!(docs.text("4", "C"), "c");
        assert_eq!(docs.unused(), ["A.b"]);
        assert!(toml::from_str::<Docs>("[doc]").is_err());
    }
}
