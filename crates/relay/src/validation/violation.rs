//! The errors that validation finds.

use std::fmt;

/// A place where a value is invalid, with the reason.
///
/// It shows names and the requirements of the schema. It never shows a part of the value, except
/// for names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The place in the value, as a JSON Pointer (RFC 6901). Empty for the value itself.
    pub path: String,
    /// The requirement that the value does not meet.
    pub message: String,
}

/// The name of a JSON Schema dialect that is not supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownDialect(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{:?}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}
