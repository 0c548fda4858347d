//! The error for an invalid argument, environment variable or configuration file.

use std::fmt;

/// A usage error, with a suggestion how to correct it.
#[derive(Debug)]
pub(crate) struct UsageError {
    message: String,
    suggestion: Option<String>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    /// Sets the suggestion how to correct the error.
    pub(crate) fn with_suggestion(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }

    /// Returns the suggestion, if there is one.
    pub(crate) fn suggestion(&self) -> Option<String> {
        self.suggestion.clone()
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UsageError {}
