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

mod attempt;
mod beyond;
mod builtin;
mod cache;
mod call;
mod carrier;
mod check;
mod command;
mod config;
mod config_schema;
mod counts;
mod dotenv;
mod error;
mod filter;
mod fit;
mod interceptor;
mod interpolate;
mod json_config;
mod jsonc;
mod model;
mod name;
mod named;
mod nearest;
mod observe;
mod output;
mod pager;
mod place;
mod principal;
mod program;
mod provider;
mod registry;
mod section;
mod server;
mod servers;
mod sessions;
mod source;
mod store;
mod ticket;
mod toml_error;
mod tools;
mod toolset;
mod user;

pub use mcp_client::{
    self, Client, Handler, Limits, Listed, Options, PromptResult, RefusedEntry, ResourceResult,
    Serves, ToolList,
    mcp_types::{JsonObject, Revision, Schema, v2025_11_25::ContentBlock},
};
pub use mcp_http::{self, AccessToken, Challenge, HttpClient, Reason, TokenSource, Unauthorized};

pub use crate::{
    call::Call,
    config::Config,
    counts::CacheStats,
    error::{Authorization, Error, InvalidOutput, TransportKind},
    fit::Violation,
    interceptor::{Interceptor, Listing, Next, NextList},
    model::{Called, ModelCall, Part},
    observe::{Observer, Operation},
    output::ToolOutput,
    pager::Pager,
    principal::Principal,
    program::Program,
    provider::{Change, Effect, Provider, ProviderSchema},
    registry::{Asker, Builder, Relay},
    server::{Server, Transport},
    sessions::Connection,
    store::ListStore,
    ticket::Ticket,
    tools::{Tool, Tools},
    toolset::{Toolset, ToolsetRequest},
    user::User,
};

/// The example of the README has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
