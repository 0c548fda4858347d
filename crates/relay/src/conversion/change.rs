//! The changes that a conversion made to a schema.

use std::fmt;

/// The most changes that are listed.
const MOST: usize = 500;

/// One thing that a provider's rules changed in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// Where in the arguments, as in `filter.tags[]`; empty for all of them.
    pub path: String,
    /// The keyword of JSON Schema that it is about.
    pub keyword: String,
    /// What it does to the arguments that a model can give.
    pub effect: ChangeEffect,
    /// What was done, and why.
    pub reason: &'static str,
}

/// What a change does to the arguments that a model can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeEffect {
    /// The same ones, said otherwise: [`restore`](crate::ProviderSchema::decode_arguments) puts them right.
    Same,
    /// Fewer: some that the tool takes cannot be said.
    Narrower,
    /// More: some that can be said, the tool does not take.
    Wider,
}

/// The changes of a conversion, and the current path.
#[derive(Debug, Default)]
pub(super) struct ChangeReport {
    pub(super) changes: Vec<SchemaChange>,
    path: Vec<String>,
}

impl ChangeReport {
    pub(super) fn change(&mut self, keyword: &str, effect: ChangeEffect, reason: &'static str) {
        // However long the list, it tells of each effect.
        if self.changes.len() >= MOST && self.changes.iter().any(|it| it.effect == effect) {
            return;
        }
        let path = self.path.concat();
        let path = path.strip_prefix('.').unwrap_or(&path).to_owned();
        let change = SchemaChange { path, keyword: keyword.to_owned(), effect, reason };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(super) fn enter(&mut self, step: String) {
        self.path.push(step);
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, keyword, effect, reason } = self;
        let path = if path.is_empty() { "arguments" } else { path };
        let effect = match effect {
            ChangeEffect::Same => "same",
            ChangeEffect::Narrower => "narrower",
            ChangeEffect::Wider => "wider",
        };
        write!(f, "{path}: `{keyword}` {reason} ({effect})")
    }
}
