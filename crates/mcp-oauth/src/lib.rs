//! OAuth 2.1 for Model Context Protocol clients (MCP authorization).
//!
//! An MCP server may require an access token with each request. This crate gets the token from the
//! authorization server of that MCP server, and refreshes it. `mcp-http` sends it: [`UserTokens`]
//! and [`ClientCredentials`] are token sources for its transports.
//!
//! - [`OAuthClient`] signs in the users of an application, in a browser or on another device.
//! - [`UserTokens`] is the token source of one user, for any number of MCP servers.
//! - [`UserConnection`] is what an application shows of a user's connection to an MCP server.
//!   [`ConnectionEvent`] reports its changes.
//! - [`ClientCredentials`] is a token source for a program that acts without a user.
//! - [`Store`] stores the credentials. [`MemoryStore`] keeps them in memory. `mcp-oauth-file`,
//!   `mcp-oauth-keyring` and `mcp-oauth-sqlite` keep them on disk.
//! - [`Settings`] configures the connections to authorization servers, and DPoP.
//!   [`OAuthSettings`] is for one MCP server that deviates from the specification.
//! - [`Error`] is the error of every function.
//!
//! # Examples
//!
//! A program on the user's machine signs the user in if the server requires it:
//!
//! ```no_run
//! use std::io;
//!
//! use mcp_http::{Client, Endpoint, HttpTransport, Unauthorized};
//! use mcp_oauth::OAuthClient;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let application =
//!         OAuthClient::builder("Our application", "http://127.0.0.1:8080/callback").build()?;
//!     let tokens = application.user("ann");
//!
//!     let server = Endpoint::parse("https://mcp.example.com/mcp")?;
//!     let transport = HttpTransport::builder(server.url().as_str())
//!         .token_source(tokens.clone())
//!         .build()?;
//!     let client = Client::new(transport);
//!
//!     if let Err(error) = client.list_tools().await {
//!         let Some(unauthorized) = Unauthorized::find_in(&error) else {
//!             return Err(error.into());
//!         };
//!         let sign_in = tokens.begin_sign_in(&server, Some(unauthorized)).await?;
//!         println!("Open {}", sign_in.authorization_url);
//!         println!("Then paste the URL that the browser was redirected to:");
//!         let mut callback = String::new();
//!         io::stdin().read_line(&mut callback)?;
//!         application.complete_sign_in(sign_in.pending, callback.trim()).await?;
//!     }
//!
//!     let list = client.list_tools().await?;
//!     println!("{} tools", list.tools.len());
//!     Ok(())
//! }
//! ```
//!
//! [`OAuthClient`] shows the same for a web application, and [`ClientCredentials`] for a program
//! without a user.
//!
//! # Modules
//!
//! - `client`: the OAuth client of an application, its sign-ins, connections, refresh and revocation.
//! - `authorization`: the authorization request, its callback, and the pending sign-in.
//! - `client_credentials`: access tokens without a user.
//! - `token`: token requests and responses, DPoP proofs and assertions.
//! - `registration`: pre-registered and dynamically registered clients.
//! - `discovery`: discovery of authorization servers, and the choice of scopes.
//! - `store`: the store of credentials and client registrations, and its records.
//! - `settings`: the settings of an application, and of one MCP server.
//! - `crypto`: secrets, random numbers, signing and encryption.
//! - `http`: HTTP requests that are protected against server-side request forgery.
//! - `error`: the error type.
//! - `lenient`: optional members of a server's JSON.
//! - `clock`: the system time.

mod client;
mod authorization;
mod client_credentials;
mod token;
mod registration;
mod discovery;
mod store;
mod settings;
mod crypto;
mod http;
mod error;
mod lenient;
mod clock;

pub use crate::{
    authorization::PendingSignIn,
    client::{
        ConnectionChange, ConnectionEvent, DeviceSignIn, OAuthClient, OAuthClientBuilder, SignIn,
        UserConnection, UserTokens,
    },
    client_credentials::{ClientCredentials, ClientCredentialsBuilder},
    crypto::{DecryptError, EncryptionKey, EncryptionKeys, Secret, SigningKey},
    error::{Error, SignInReason},
    registration::PreregisteredClient,
    settings::{OAuthSettings, Settings},
    store::{
        ClientRegistration, Credentials, InvalidRecord, InvalidRecordReason, KeyLocks, LastError,
        MemoryStore, Record, Store, StoreKey, StoreLock, TokenEndpointAuthMethod, TokenType,
    },
    token::{AssertionRequest, AssertionSource, TokenExchange},
};
