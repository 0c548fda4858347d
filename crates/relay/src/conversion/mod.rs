//! The schema of a tool's arguments as each provider of models takes it, and the way back.
//!
//! What a provider takes as it is, is left alone (`passthrough`). Anything else is read into a normal form
//! (`reader`, `normal_form`), in which a schema is a union of alternatives of one type each: there `allOf`,
//! `enum` and all that stands side by side is the intersection of two of them (`intersection`), and whether a
//! value fits can be told (`membership`). From it a schema is made that the provider's `rules` can say
//! (`writer`, `containers`, `enumeration`), in the normal form as well, and printed (`printer`). What that
//! changes goes into the report (`change`); what has to be undone in the arguments that a model then
//! gives is the way back (`restoration`), made together with the schema, so that the two cannot disagree.
//!
//! Servers write these schemas. Reading and writing take from a budget that counts schemas, values and
//! text; where it is used up, the arguments are one text of JSON.

mod provider_schema;
mod passthrough;
mod containers;
mod enumeration;
mod writer;
mod intersection;
mod reader;
mod printer;
mod rules;
mod limits;
mod restoration;
mod membership;
mod description;
mod number;
mod normal_form;
mod change;
mod provider;

pub(crate) use self::provider_schema::Schemas;
pub use self::{
    change::{Change, Effect},
    provider::Provider,
    provider_schema::ProviderSchema,
};
