//! Streamable HTTP: headers, tokens, statuses, bodies, event streams.

mod bodies;
mod calls;
mod echoes;
mod listening;
mod redirects;
mod renewals;
mod requests;
mod resuming;
mod routing;
mod secrets;
mod setup;
mod statuses;
mod streams;
mod tokens;
mod unauthorized;
mod unfinished;
