//! Writing of a schema that a provider supports, with the restoration of its arguments.

mod containers;
mod enumeration;
mod schema_writer;
mod description;

pub(crate) use self::schema_writer::{Written, as_json_text, write};
