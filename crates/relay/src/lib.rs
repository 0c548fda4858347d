//! The tools of many MCP servers for an LLM, on behalf of many users.
//!
//! Set up a [`Relay`] in code or from a [`Config`] file, ask it for the tools of a server on behalf
//! of a user, and run the calls that the model asks for. Everything that can go wrong is in
//! [`Error`]; when a server wants the user to sign in, it is always [`Error::Authorization`].
//!
//! ```no_run
//! # async fn run(user_token: String) -> Result<(), relay::Error> {
//! use relay::{Error, Relay, Server};
//! use serde_json::json;
//!
//! let relay = Relay::builder().server("github", Server::http("https://example.com/mcp")).build()?;
//! let user = relay.with_token(user_token);
//! let tools = match user.tools("github").await {
//!     Err(Error::Authorization(refused)) => return Ok(println!("sign in: {refused}")),
//!     tools => tools?,
//! };
//! for tool in tools.iter() {
//!     println!("{}: {}", tool.name(), tool.description());
//! }
//! let output = tools.call("relay__github__search", json!({ "query": "rust" })).await?;
//! println!("{}", output.text());
//! # Ok(())
//! # }
//! ```

mod llm;
mod user;
mod call;
mod server;
mod tool_list;
mod config;
mod error;
mod conversion;
mod pending_call;
mod server_key;
mod settings;
mod validation;
mod tool_name;
mod suggestion;
mod tool_output;
mod principal;
mod observer;

pub use mcp_client::{
    self, CallOptions, Client, Handler, HandlerCapabilities, InvalidEntry, Limits, ListResult,
    PromptResult, ResourceResult, ToolList,
    mcp_types::{JsonObject, Revision, Schema, v2025_11_25::ContentBlock},
};
pub use mcp_http::{
    self, AccessToken, Challenge, HttpClient, TokenSource, Unauthorized, UnauthorizedReason,
};

pub use crate::{
    call::{CallRequest, Interceptor, ListRequest, Next, NextList, ServerTools, Tool},
    config::Config,
    conversion::{ChangeEffect, Provider, ProviderSchema, SchemaChange},
    error::{AuthorizationError, Error, FailureKind, InvalidOutput},
    llm::{ContentPart, Pager, ToolCall, ToolCallResult},
    observer::{Observer, Operation},
    pending_call::PendingCall,
    principal::Principal,
    server::{Connection, HandlerContext},
    settings::{Server, StdioCommand, TransportConfig},
    tool_list::{CacheStats, ToolListStore},
    tool_output::ToolOutput,
    user::{Relay, RelayBuilder, Toolset, ToolsetRequest, User},
    validation::Violation,
};

/// The examples of the README must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of `docs/models.md` must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/models.md")]
struct ModelsPage;

/// The examples of `docs/sign-in.md` must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sign-in.md")]
struct SignInPage;

/// The examples of `docs/configuration.md` must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/configuration.md")]
struct ConfigurationPage;
