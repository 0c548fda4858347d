//! The measured clients, behind one interface.

mod bare;
mod mcp_client;
mod relay;
mod rmcp;

use anyhow::Result;
use serde_json::{Value, json};

pub(crate) use self::{bare::Bare, mcp_client::McpClient, relay::RelayClient, rmcp::Rmcp};

/// A client of one server, for any number of users.
pub(crate) trait Client: Sized {
    type User: User;

    /// Creates a client of the server at `url`. All its users share the HTTP connections.
    fn new(url: &str) -> Result<Self>;

    /// Clears the caches of the client, if it has any.
    fn forget(&mut self) {}

    /// Initializes a session for the user with this token.
    async fn connect(&self, token: &str) -> Result<Self::User>;
}

/// A session of one user with the server.
pub(crate) trait User {
    type Tools;

    /// Fetches the list of tools.
    async fn list(&self) -> Result<Self::Tools>;

    /// Calls a tool. Returns an error if the result has no content.
    async fn call(&self, tools: &Self::Tools) -> Result<()>;

    /// Returns the number of tools in a list.
    fn count(tools: &Self::Tools) -> usize;
}

/// The tool that is called.
const TOOL: &str = "search_issues_0";

fn arguments() -> Value {
    json!({ "owner": "ada", "project": "analytical-engine", "state": "open", "limit": 30 })
}

/// Creates the HTTP client, with the same settings for all clients.
fn http() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder();
    Ok(builder.no_proxy().redirect(reqwest::redirect::Policy::none()).build()?)
}
