//! Streamable HTTP transport for Model Context Protocol clients, with a bearer token on each request.
//!
//! Start at [`HttpTransport::builder`] and hand the transport to a [`Client`]; everything that can
//! go wrong is in [`Error`], and a server that wants the user to sign in is an [`Unauthorized`].
//! Servers of 2024-11-05 want an [`SseTransport`], which a client falls back to by itself.
//! [`HttpOptions`] give a single call a token or headers of its own; [`HttpClient::builder`] is for
//! proxies, authorities and certificates.
//!
//! ```no_run
//! # async fn run(token: String) -> Result<(), Box<dyn std::error::Error>> {
//! use mcp_http::{Client, HttpTransport, Unauthorized};
//!
//! let transport = HttpTransport::builder("https://example.com/mcp").bearer_token(token).build()?;
//! match Client::new(transport).list_tools().await {
//!     Ok(list) => println!("{} tools", list.tools.len()),
//!     Err(error) => match Unauthorized::of(&error) {
//!         Some(unauthorized) => println!("sign in again: {:?}", unauthorized.challenge()),
//!         None => return Err(error.into()),
//!     },
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod challenge;
mod direct;
mod endpoint;
mod error;
mod events;
mod fetch;
mod headers;
mod http_client;
mod http_client_builder;
mod options;
mod reply;
mod request;
mod resolver;
mod resume;
mod routing;
mod secrets;
mod sse;
mod sse_transport;
mod status;
mod tls;
mod token;
mod transport;
mod unauthorized;
mod wire;

pub use mcp_client::{self, Client};

pub use crate::{
    body::Body,
    challenge::Challenge,
    endpoint::Endpoint,
    error::Error,
    headers::Headers,
    http_client::HttpClient,
    http_client_builder::HttpClientBuilder,
    options::HttpOptions,
    resolver::AddressRefused,
    sse_transport::SseTransport,
    token::{AccessToken, Refused, RequestSigner, TokenRequest, TokenSource},
    transport::{Builder, HttpTransport},
    unauthorized::{Reason, Unauthorized},
};
