//! The HTTP transports for clients of the Model Context Protocol (MCP).
//!
//! This crate connects a [`Client`] to an MCP server over Streamable HTTP. It sends an access token
//! with each request. If the server rejects the token, the transport gets another one from the
//! token source and retries the request once. It resumes event streams that are interrupted. For
//! servers of MCP 2024-11-05, the client falls back to the older HTTP+SSE transport.
//!
//! Start at [`HttpTransport::builder`], and pass the transport to [`Client::new`]. The modules of
//! the crate, from the entry point down:
//!
//! - `transport`: [`HttpTransport`] for Streamable HTTP, and [`SseTransport`] for HTTP+SSE.
//! - `message`: HTTP requests and responses. [`HttpCallOptions`] set the token and the [`Headers`]
//!   of a single call.
//! - `client`: [`HttpClient`], which makes the connections. [`HttpClient::builder`] sets proxies
//!   and certificates.
//! - `error`: [`Error`], the error type of this crate.
//! - `auth`: [`AccessToken`], [`TokenSource`], and [`Unauthorized`], the error for a missing or
//!   rejected token. [`OAuthSettings`] is data for token sources, which this crate does not use.
//! - `endpoint`: [`Endpoint`], the URL of a server.
//! - `error_body`: [`ErrorBody`], the beginning of the body of an error response.
//! - `compat`: [`HttpDeviation`], what real servers do differently.
//!
//! # Examples
//!
//! Lists the tools of a server that requires an access token:
//!
//! ```no_run
//! use mcp_http::{Client, HttpTransport, Unauthorized};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let token = std::env::var("ACCESS_TOKEN")?;
//!     let transport =
//!         HttpTransport::builder("https://example.com/mcp").bearer_token(token).build()?;
//!     let client = Client::new(transport);
//!
//!     match client.list_tools().await {
//!         Ok(list) => {
//!             for tool in &list.tools {
//!                 println!("{}", tool.name);
//!             }
//!         }
//!         Err(error) => match Unauthorized::find_in(&error) {
//!             Some(unauthorized) => println!("sign in again: {unauthorized}"),
//!             None => return Err(error.into()),
//!         },
//!     }
//!
//!     client.close().await?;
//!     Ok(())
//! }
//! ```

mod transport;
mod message;
mod client;
mod error;
mod auth;
mod compat;
mod endpoint;
mod error_body;

pub use mcp_client::{self, Client};

pub use crate::{
    auth::{
        AccessToken, Challenge, InvalidOAuthSetting, OAuthSettings, RejectedToken, RequestSigner,
        Secret, TokenEndpointAuthMethod, TokenRequest, TokenSource, TokenUnavailable, Unauthorized,
        UnauthorizedReason,
    },
    client::{AddressBlocked, HttpClient, HttpClientBuilder},
    compat::HttpDeviation,
    endpoint::Endpoint,
    error::Error,
    error_body::ErrorBody,
    message::{Headers, HttpCallOptions, retry_after},
    transport::{HttpTransport, HttpTransportBuilder, SseTransport},
};
