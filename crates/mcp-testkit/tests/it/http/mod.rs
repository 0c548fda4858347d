//! Connections, responses and streams.

mod connection;
mod in_flight;
mod response;
mod stream;
mod streams;
