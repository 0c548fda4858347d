//! Streamable HTTP: headers, tokens, statuses, bodies, event streams.

mod bodies;
mod calls;
mod connections;
mod echoes;
mod fetching;
mod given;
mod legacy;
mod listening;
mod proxies;
mod redirects;
mod renewals;
mod requests;
mod resuming;
mod routing;
mod secrets;
mod setup;
mod signers;
mod statuses;
mod streams;
mod tls;
mod tokens;
mod unauthorized;
mod unfinished;
