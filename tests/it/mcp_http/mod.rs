//! Streamable HTTP: headers, tokens, statuses, bodies, event streams.

mod bodies;
mod echoes;
mod redirects;
mod renewals;
mod requests;
mod secrets;
mod setup;
mod statuses;
mod streams;
mod tokens;
mod unauthorized;
mod unfinished;
