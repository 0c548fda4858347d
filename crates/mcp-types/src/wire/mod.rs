//! Reads and writes the protocol's values as JSON.

mod members;
mod value;
mod path;

pub(crate) use self::{
    members::{Key, Members, without_position},
    path::in_message,
    value::{Items, Wire, Write, by_serde, integral},
};
