//! HTTP connections, responses and event streams.

mod response;
mod streams;
mod stream;
mod body;
mod in_flight;
mod connection;

pub use self::response::Reply;
pub(crate) use self::{
    body::{Part, ResponseBody},
    connection::{Connection, Connections, ResetHandle},
    in_flight::{InFlightRequests, RequestGuard},
    stream::{Stream, Writer},
    streams::Streams,
};
