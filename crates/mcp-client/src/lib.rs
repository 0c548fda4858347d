//! A typed client for the Model Context Protocol (MCP), over any transport.
//!
//! An MCP server provides tools, prompts and resources for language models. This crate sends
//! requests to one server for one user. It detects the server's protocol version and works the same
//! way with all of them, from 2024-11-05 to 2026-07-28.
//!
//! Start at [`Client`]. It needs a [`Transport`], such as the one of the crate `mcp-http` or
//! `mcp-stdio`. All calls return [`Error`] if they fail. To respond to server requests, implement
//! [`Handler`].
//!
//! # Examples
//! This function connects to a server, lists its tools and calls one of them:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use mcp_client::{CallOptions, Client, Error, Transport};
//! use serde_json::json;
//!
//! async fn run(transport: impl Transport) -> Result<(), Error> {
//!     let client = Client::builder(transport).client_info("example", "1.0").build();
//!
//!     let server = client.connect().await?;
//!     println!("protocol version {}", server.revision);
//!
//!     for tool in client.list_tools().await?.tools {
//!         println!("{}: {}", tool.name, tool.description.as_deref().unwrap_or_default());
//!     }
//!
//!     let client = client.with_options(CallOptions::new().timeout(Duration::from_secs(5)));
//!     let result = client.call_tool("add", json!({ "a": 1, "b": 2 })).await?;
//!     if result.is_error {
//!         println!("the tool reported an error");
//!     }
//!     println!("{:?}", result.content);
//!
//!     client.close().await
//! }
//! ```
//!
//! # Modules
//! The modules are private, and the crate root exports their public items. Each module uses only
//! the modules below it:
//!
//! - `client`: [`Client`] and its methods for tools, prompts, resources, completion and
//!   subscriptions.
//! - `protocol`: detection of the protocol version, and how each version sends a request.
//! - `exchange`: one request until its response, and the responses to server requests.
//! - `changes`: changes that a [`Subscription`] reports.
//! - `result`: decoded results, such as [`ToolList`] and [`ToolResult`].
//! - `request`: parameters, [`CallOptions`] and [`Limits`].
//! - `error`: [`Error`].
//! - `handler`: [`Handler`], for elicitation, sampling and roots.
//! - `transport`: [`Transport`], and what its implementations share, such as [`Multiplexer`].
//! - `compat`: [`Deviation`], for what servers do differently.
//! - `text`: text from a server in errors and logs.
//! - `redaction`: [`Redactor`], which removes secrets from text of a server.

mod client;
mod protocol;
mod exchange;
mod changes;
mod result;
mod request;
mod error;
mod handler;
mod transport;
mod compat;
mod text;
mod log_limit;
mod redaction;

pub use mcp_types::{self, Truncated, TruncatedLines};

pub use crate::{
    changes::ServerChange,
    client::{
        Client, ClientBuilder, CompletionRequest, PromptResult, ResourceResult, Subscription,
        SubscriptionFilter,
    },
    compat::{Deviation, names_lost_session},
    error::Error,
    handler::{Declined, Handler, HandlerCapabilities, UrlElicitation},
    log_limit::LogLimit,
    protocol::Negotiation,
    redaction::Redactor,
    request::{Attempts, CallOptions, Limits},
    result::{
        CacheHint, InvalidEntry, ListResult, ServerCapabilities, ServerInfo, SharedToolLists,
        ToolDefinition, ToolList, ToolResult,
    },
    transport::{
        BoxError, Extensions, KeepAlive, LastFailure, MessageContext, MessageKind, MessageStream,
        MultiplexedStream, Multiplexer, OutgoingMessage, RequestHeaders, ResponseMessages,
        SentFlag, SessionId, Transport, TransportError, TransportErrorKind, TransportResponse,
        is_response, is_result,
    },
};
