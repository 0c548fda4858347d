//! `relay` and the layers below against servers that nobody here wrote, each in a process of its own.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "that is how a test fails and talks")]

mod everything;
mod fastmcp;
mod python_sdk;
mod server;
mod sessions;
mod sign_in;
mod sse;
mod stdio;
