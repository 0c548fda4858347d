//! The changes that a conversion makes to a schema.

use std::fmt;

/// The maximum number of changes in a report, except for the first one of each effect.
const MAX_CHANGES: usize = 500;

/// A change of a schema that the rules of a provider require.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// The place in the arguments, such as `filter.tags[]`. Empty for the arguments themselves.
    pub path: String,
    /// The JSON Schema keyword that is changed.
    pub keyword: String,
    /// The effect on the arguments that a model can give.
    pub effect: ChangeEffect,
    /// The change and its reason, as the predicate of a sentence about the keyword.
    pub reason: &'static str,
}

/// The effect of a change on the arguments that a model can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeEffect {
    /// The model can give the same arguments, perhaps in another form.
    /// [`decode_arguments`](crate::ProviderSchema::decode_arguments) restores the original form.
    Same,
    /// The model cannot give some arguments that the tool accepts.
    Narrower,
    /// The model can give some arguments that the tool does not accept.
    Wider,
}

/// The changes of a conversion, with the path of the current schema.
#[derive(Debug, Default)]
pub(super) struct ChangeReport {
    pub(super) changes: Vec<SchemaChange>,
    path: Vec<String>,
}

impl ChangeReport {
    pub(super) fn change(&mut self, keyword: &str, effect: ChangeEffect, reason: &'static str) {
        let path = self.path.concat();
        let path = path.strip_prefix('.').unwrap_or(&path).to_owned();
        self.add(SchemaChange { path, keyword: keyword.to_owned(), effect, reason });
    }

    /// Returns the changes, followed by further ones.
    pub(super) fn followed_by(mut self, more: Vec<SchemaChange>) -> Vec<SchemaChange> {
        for change in more {
            self.add(change);
        }
        self.changes
    }

    /// Adds a change. Each effect is listed at least once, even if the list is full.
    fn add(&mut self, change: SchemaChange) {
        let is_full = self.changes.len() >= MAX_CHANGES;
        if is_full && self.changes.iter().any(|it| it.effect == change.effect) {
            return;
        }
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(super) fn enter(&mut self, segment: String) {
        self.path.push(segment);
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, keyword, effect, reason } = self;
        if !path.is_empty() {
            write!(f, "{path:?}: ")?;
        }
        let effect = match effect {
            ChangeEffect::Same => "same",
            ChangeEffect::Narrower => "narrower",
            ChangeEffect::Wider => "wider",
        };
        write!(f, "\"{keyword}\" {reason} ({effect})")
    }
}
