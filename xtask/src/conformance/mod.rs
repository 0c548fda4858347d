//! Runs the official conformance suite against our client.

mod command;
mod runner;
mod suite;
mod expected_failures;
mod verdict;
mod scenario;

pub(crate) use command::{Options, run};
