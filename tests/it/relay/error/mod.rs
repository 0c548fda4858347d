//! Errors: kinds, details, redaction.

mod details;
mod kinds;
mod redaction;
