//! Streamable HTTP transport for Model Context Protocol clients, with a bearer token on each request.
//!
//! Start at [`HttpTransport::builder`] and hand the transport to a [`Client`]; everything that can
//! go wrong is in [`Error`], and a server that wants the user to sign in is an [`Unauthorized`].
//! Servers of 2024-11-05 want an [`SseTransport`], which a client falls back to by itself.
//! [`HttpCallOptions`] give a single call a token or headers of its own; [`HttpClient::builder`] is for
//! proxies, authorities and certificates.
//!
//! ```no_run
//! # async fn run(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! use mcp_http::{Client, HttpTransport, Unauthorized};
//!
//! let transport = HttpTransport::builder("https://example.com/mcp").bearer_token(token).build()?;
//! match Client::new(transport).list_tools().await {
//!     Ok(list) => println!("{} tools", list.tools.len()),
//!     Err(error) => match Unauthorized::find_in(&error) {
//!         Some(unauthorized) => println!("sign in again: {:?}", unauthorized.challenge()),
//!         None => return Err(error.into()),
//!     },
//! }
//! # Ok(())
//! # }
//! ```

mod transport;
mod message;
mod client;
mod error;
mod auth;
mod endpoint;
mod error_body;

pub use mcp_client::{self, Client};

pub use crate::{
    auth::{
        AccessToken, Challenge, RejectedToken, RequestSigner, TokenRequest, TokenSource,
        Unauthorized, UnauthorizedReason,
    },
    client::{AddressBlocked, HttpClient, HttpClientBuilder},
    endpoint::Endpoint,
    error::Error,
    error_body::ErrorBody,
    message::{Headers, HttpCallOptions},
    transport::{HttpTransport, HttpTransportBuilder, SseTransport},
};
