//! Whether JSON fits a JSON Schema, within bounds and without asking anybody.
//!
//! A schema is read once, into [`Validator`]; to judge a value is to walk them over its text. Schemas are
//! what servers say, so both have a budget. What cannot be judged, such as a `pattern` or a `$ref` to
//! elsewhere, is left open: only what surely does not fit is a violation.

#[cfg(test)]
mod oracle;
mod validator;
mod parser;
mod dialect;
mod containers;
mod evaluator;
mod keyword_value;
mod rule;
mod json_text;
mod number;
mod violation;
mod validity;

pub use self::violation::Violation;
pub(crate) use self::{number::Decimal, rule::Validator, violation::UnknownDialect};
