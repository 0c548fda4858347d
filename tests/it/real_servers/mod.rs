//! `relay` and the layers below it against third-party servers, each in its own process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod authorization_servers;
mod everything;
mod everything_sse;
mod fastmcp;
mod fastmcp_sign_in;
mod gateways;
mod lost_sessions;
mod oidc_provider;
mod public_stdio;
mod python_sdk;
mod sdk_servers;
mod stdio;
