//! The findings of a validation.

use std::fmt;

/// Where a value does not fit, and why. It shows names and what the schema says, and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The place in the value as a JSON Pointer (RFC 6901); empty for the whole.
    pub path: String,
    /// What the schema demands there.
    pub message: String,
}

/// The unknown dialect of a schema, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownDialect(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the whole" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}
