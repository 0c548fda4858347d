//! Redaction of secrets in text of a server, which may echo them.

mod redactor;
mod json;
mod patterns;
mod spelling;

pub use self::redactor::Redactor;
