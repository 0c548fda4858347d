//! Validation of JSON against a JSON Schema, with bounded work and no network access.
//!
//! A schema is parsed once, into a [`Validator`], which then walks over the text of each value. Servers
//! write schemas, so parsing and evaluation have a budget each. Some keywords cannot be evaluated here,
//! such as `pattern` or a `$ref` to another document. Their result is "unknown", and only
//! what is surely invalid is a [`Violation`].
//!
//! Conversion has a second evaluator, `conversion::normal_form::Membership`, and they stay two. This one
//! checks every call: it reads the text of the arguments without building a `Value`, follows the schema
//! as the server wrote it, in any dialect, and names what is invalid where. The other one tells which of
//! the alternatives that a conversion wrote a model has used. These exist only in the normal form, are
//! never JSON Schema with a dialect, and need no messages. One evaluator for both would need either the
//! normal form's alternatives printed and parsed again for each tool and provider, or two
//! representations of every keyword in one walk. They share [`Decimal`], so numbers compare the same way.

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
