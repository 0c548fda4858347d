//! Servers that nobody here wrote, each in a process of its own, for the tests to speak to.
//!
//! `.ci/real-servers` installs them. Where they are not installed, tests are skipped with a word, or
//! fail if `RELAY_REAL_SERVERS` is `required`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "that is how a test fails and talks")]

mod process;
mod program;
mod server;

pub use crate::{
    program::{Program, installed},
    server::Server,
};
