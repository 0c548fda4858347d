//! The error for what the user can put right: an argument, a variable or the configuration.

use std::fmt;

/// What is wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct UsageError {
    message: String,
    suggestion: Option<String>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    /// Says what to do.
    pub(crate) fn with_suggestion(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }

    /// What to do.
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
