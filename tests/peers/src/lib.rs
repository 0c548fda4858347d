//! Servers and a browser that nobody here wrote, each in a process of its own, for the tests to speak to.
//!
//! `.ci/real-servers` installs the servers, Debian's package `chromium` the browser. Where they are not installed, tests are skipped with a word, or
//! fail if `RELAY_REAL_SERVERS` is `required`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "that is how a test fails and talks")]

mod browser;
mod process;
mod program;
mod server;

pub use crate::{
    browser::Browser,
    program::{Program, installed},
    server::Server,
};
