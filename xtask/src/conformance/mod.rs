//! Runs the official conformance suite against our client, with strict rules.
//!
//! The suite is the server and checks the messages of the client. A scenario passes only if at
//! least one check ran, all checks passed without a warning, and the client exited. The client must
//! exit with success, unless the scenario allows an error.

mod command;
mod runner;
mod suite;
mod expected_failures;
mod verdict;
mod scenario;

pub(crate) use command::{Options, run};
