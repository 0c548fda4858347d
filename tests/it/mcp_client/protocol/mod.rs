//! Protocol versions: probing, negotiation, `initialize`, sessions, stateless requests.

mod initialize;
mod initialize_failures;
mod multi_round_trip;
mod negotiation;
mod probe;
mod sessions;
mod stateless;
mod versions;
