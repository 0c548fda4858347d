//! Conversion of a tool's input schema for an LLM provider, and restoration of the arguments.
//!
//! A model gives arguments that match the converted schema. Restoration turns them into arguments
//! that match the tool's own schema. The steps of a conversion are:
//!
//! 1. [`repair`]: corrects keywords with invalid values, which a provider would reject.
//! 2. [`passthrough`]: keeps a schema that the provider supports unchanged.
//! 3. [`normal_form`]: reads any other schema into a normal form, which is a union of alternatives.
//!    Each alternative has one type. `allOf` and sibling keywords become intersections.
//! 4. [`writer`]: writes a schema that follows the provider's [`rules`]. It also writes the
//!    [`restoration`] of its arguments, so that the two cannot disagree.
//! 5. [`printer`]: prints the new schema as JSON. The list of [`change`]s describes the differences.
//!
//! Servers write these schemas, so reading and writing each have a budget. It counts schemas, values
//! and text. If it is used up, the arguments become one string that contains JSON.

mod provider_schema;
mod repair;
mod passthrough;
mod writer;
mod printer;
mod restoration;
mod normal_form;
mod rules;
mod limits;
mod change;
mod provider;

pub(crate) use self::provider_schema::ProviderSchemas;
pub use self::{
    change::{ChangeEffect, SchemaChange},
    provider::Provider,
    provider_schema::ProviderSchema,
};
