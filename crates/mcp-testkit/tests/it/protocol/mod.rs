//! The protocol rules.

mod envelope;
mod era;
mod multi_round;
mod router;
mod schema;
mod stateful;
mod stateless;
mod subscriptions;
