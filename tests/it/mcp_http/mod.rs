//! Streamable HTTP: headers, tokens, statuses, bodies, event streams.

mod bodies;
mod redirects;
mod requests;
mod secrets;
mod setup;
mod statuses;
mod streams;
mod tokens;
mod unauthorized;
