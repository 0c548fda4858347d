//! Conversion of a tool's input schema into one that an LLM provider takes, and the restoration of the
//! arguments that a model gives by it.
//!
//! 1. [`passthrough`]: a schema that the provider takes unchanged stays as it is.
//! 2. [`normal_form`]: any other schema is read into a normal form, a union of alternatives of one type
//!    each. There `allOf` and keywords that stand side by side become an intersection of two schemas.
//! 3. [`writer`]: from the normal form, a schema is made that follows the provider's [`rules`], together
//!    with the [`restoration`] of its arguments, so that the two cannot disagree.
//! 4. [`printer`]: the new schema is printed as JSON. The list of [`change`]s tells what it says otherwise.
//!
//! Servers write these schemas. Reading and writing have a budget that counts schemas, values and text.
//! If it is used up, the arguments become one string that holds JSON.

mod provider_schema;
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
