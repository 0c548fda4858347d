//! The transports: configuration, the GET stream, resumption, HTTP+SSE.

mod configuration;
mod cookies;
mod get_stream;
mod per_call;
mod resumption;
mod sse;
