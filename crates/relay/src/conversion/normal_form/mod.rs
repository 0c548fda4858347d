//! The normal form of a schema: a union of alternatives of one type each.

mod intersection;
mod reader;
mod membership;
mod number;
mod schema;

pub(crate) use self::{
    membership::Judge,
    number::is_whole,
    reader::{Normal, read},
    schema::{Alternative, Definitions, Keywords, Kind, List, Member, Node, Object},
};
