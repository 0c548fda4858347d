//! Requests: their parameters, options and time limits.

mod request;
mod meta;
mod params;
mod options;
mod limits;
mod deadline;

pub(crate) use self::{
    deadline::{Patience, Pulse},
    meta::{Again, Envelope, Meta, Own, Params},
    params::{Cursor, ToolCall, Uri, has_to_be_object, object, split, tool_params},
    request::{Name, Request},
};
pub use self::{limits::Limits, options::Options};
