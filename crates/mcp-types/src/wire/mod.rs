//! Reads and writes the protocol's values as JSON.

mod union_members;
mod object;
mod members;
mod value;
mod number;
mod key;
mod path;

pub(crate) use self::{
    key::Key,
    members::Members,
    number::integral,
    object::Object,
    path::{in_message, without_position},
    value::{SeqVisitor, Wire, Write},
};
