//! `relay` and the layers below against servers that nobody here wrote, each in a process of its own.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod everything;
mod fastmcp;
mod oidc_provider;
mod python_sdk;
mod sessions;
mod sign_in;
mod sse;
mod stdio;
