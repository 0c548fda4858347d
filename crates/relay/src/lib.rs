//! Gives an LLM application with many users the tools of many MCP servers.
//!
//! The application registers its servers in a [`Relay`], in code or from a [`Config`] file. For
//! each user, it lists the tools of a server and gives their definitions to a model. Then it runs
//! the tool calls that the model requests.
//!
//! The crate keeps one session per server and user. It caches tool lists, validates arguments and
//! results, and retries calls that did not run. Users never share sessions or private tool lists.
//!
//! Every failure is an [`Error`]. If the user must sign in to a server, the error is always
//! [`Error::Authorization`].
//!
//! # Examples
//!
//! ```no_run
//! use relay::{Error, Relay, Server};
//! use serde_json::json;
//!
//! async fn search(user_token: String) -> Result<(), Error> {
//!     let github = Server::http("https://example.com/mcp");
//!     let relay = Relay::builder().server("github", github).build()?;
//!
//!     let user = relay.with_token(user_token);
//!     let tools = match user.tools("github").await {
//!         Ok(tools) => tools,
//!         Err(Error::Authorization(error)) => {
//!             println!("sign in first: {error}");
//!             return Ok(());
//!         }
//!         Err(error) => return Err(error),
//!     };
//!     for tool in tools.iter() {
//!         println!("{}: {}", tool.name(), tool.description());
//!     }
//!
//!     let output = tools.call("relay__github__search", json!({ "query": "rust" })).await?;
//!     println!("{}", output.text());
//!     Ok(())
//! }
//! ```
//!
//! # Modules
//!
//! All public items are exported from the root of the crate. The private modules, from the top
//! layer to the bottom layer:
//!
//! - `llm`: tool definitions, tool calls and results in the formats of LLM providers.
//! - `user`: the entry point, with [`Relay`], [`User`] and [`Toolset`].
//! - `call`: one tool call, from the arguments to the output, with interceptors and tracing spans.
//! - `server`: the registered servers, their connections and the token sources of users.
//! - `tool_list`: the cache and the store of tool lists.
//! - `config`: the configuration files.
//! - `error`: the error type.
//! - `conversion`: conversion of tool schemas to schemas that an LLM provider accepts.
//! - `pending_call`: calls that wait until their user signs in.
//! - `server_key`: the keys of connections and tool lists.
//! - `settings`: the settings of one server.
//! - `validation`: validation of arguments and results with JSON Schema.
//! - `tool_name`: the names under which a model sees tools.
//! - `suggestion`: suggestions for misspelled names.
//! - `tool_output`: the output of a tool call.
//! - `principal`: the user for whom a server is used.
//! - `observer`: the interface for metrics and trace context.

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
    self, AccessToken, Challenge, HttpClient, OAuthSettings, TokenSource, Unauthorized,
    UnauthorizedReason,
};

pub use crate::{
    call::{CallRequest, Interceptor, ListRequest, NextCall, NextList, ServerTools, Tool},
    config::{Config, ConfigWarning},
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
