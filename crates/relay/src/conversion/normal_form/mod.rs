//! The normal form of a schema: a union of alternatives of one type each.

mod intersection;
mod reader;
mod choices;
mod membership;
mod number;
mod schema;

pub(crate) use self::{
    membership::Membership,
    number::is_whole,
    reader::{NormalForm, is_draft_7_or_older, read},
    schema::{Alternative, Array, Definitions, Keywords, Kind, Member, Members, Node, Object},
};
