//! Stores of sign-ins: what holds of each, and what is left when a process is killed.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod child;
mod crashes;
mod homes;
mod keyring;
mod locks;
mod records;
mod rules;
mod sqlite;
mod steps;
mod unreadable;
