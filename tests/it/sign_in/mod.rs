//! Sign-in from end to end against the servers of `mcp-testkit`.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod attacks;
mod client_authentication;
mod connections;
mod device_grant;
mod lifecycle;
mod private_key_jwt;
mod providers;
mod races;
mod registration;
pub(crate) mod support;
mod testkit_authorization_server;
mod unavailable_authorization_server;
