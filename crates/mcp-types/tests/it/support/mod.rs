//! Shared helpers.
//!
//! - `definitions` has a table of all definitions of a revision. It reads a value as the type of
//!   its definition and prints it back. `cargo xtask codegen` writes the lines of the table.
//! - `value_generator` makes a value of a definition from its schema and a list of choices.
//! - `reading` reads a text with every reader of `serde_json`, and returns the error of a wrong one.

pub(crate) mod definitions;
pub(crate) mod reading;
pub(crate) mod value_generator;
