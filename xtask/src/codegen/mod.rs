//! Generates the protocol types of each revision from its committed schema.

mod command;
mod dry_run;
mod output;
mod prepared_schema;
mod fixups;
mod shape;
mod methods;
mod transform;
mod definitions;
mod docs;
mod revisions;

pub(crate) use command::run;
pub(crate) use dry_run::run as try_schema;
