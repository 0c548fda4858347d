//! Writes the generated Rust and Markdown.

mod imports;
mod definition;
mod struct_item;
mod typify;
mod shared;
mod method_table;
mod test_table;

pub(super) use definition::Emitter;
pub(super) use imports::head;
pub(super) use method_table::{markdown, table as method_table};
pub(super) use shared::shared;
pub(super) use test_table::table as test_table;
pub(super) use typify::generate as structs;
