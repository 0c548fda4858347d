//! Writes the generated Rust and Markdown.

mod module;
mod definition;
mod struct_item;
mod emitter;
mod typify;
mod shared;
mod method_table;
mod test_table;
mod header;
mod format;

pub(super) use method_table::markdown;
pub(super) use module::module;
pub(super) use test_table::table as test_table;
