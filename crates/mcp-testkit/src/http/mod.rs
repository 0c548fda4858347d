//! HTTP connections, responses and event streams.

mod response;
mod streams;
mod stream;
mod body;
mod in_flight;
mod connection;

pub use self::response::Reply;
pub(crate) use self::{
    body::{Outgoing, Part},
    connection::{Connection, Connections, Link},
    in_flight::{Flights, Ticket},
    stream::{Stream, Writer},
    streams::Streams,
};
