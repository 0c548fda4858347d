//! Validation of JSON against a JSON Schema, with bounded work and no network access.
//!
//! A schema is parsed once, into a [`Validator`], which then reads the text of each value. Servers
//! write schemas, so parsing and evaluation each have a budget. Some keywords cannot be evaluated
//! here, such as `pattern` or a `$ref` to another document. Their result is "unknown". A value has a
//! [`Violation`] only if it is certainly invalid.
//!
//! # Two evaluators
//!
//! `conversion::normal_form::Membership` is a second evaluator. The two have different tasks:
//!
//! - This one checks every call. It reads the text of the arguments without building a `Value`. It
//!   follows the schema as the server wrote it, in any dialect. It reports each violation and its
//!   place.
//! - The other one finds the alternative of a converted schema that a model has used. Alternatives
//!   exist only in the normal form. They have no dialect and need no messages.
//!
//! A single evaluator would have a cost. Either each alternative is printed and parsed again for each
//! tool and provider, or one evaluator supports two representations of every keyword. Both
//! evaluators use [`Decimal`], so they compare numbers the same way.

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
pub(crate) use self::{
    keyword_value::contradicts, number::Decimal, rule::Validator, violation::UnknownDialect,
};
