//! What the suite tells the client: in its arguments and its environment.

use std::env;

use anyhow::{Context as _, Result};
use mcp_http::mcp_client::mcp_types::Revision;
use mcp_oauth::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One scenario to go through.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) url: String,
    pub(crate) scenario: String,
    pub(crate) revision: Revision,
    pub(crate) context: Context,
}

/// What only some scenarios tell.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    /// The calls to make.
    #[serde(rename = "toolCalls")]
    pub(crate) tool_calls: Vec<ToolCall>,
    /// What the client is registered as, with a secret or a private key.
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) private_key_pem: Option<Secret>,
    /// What the client is registered as with an identity provider, and what that says of its user.
    pub(crate) idp_client_id: Option<String>,
    pub(crate) idp_token_endpoint: Option<String>,
    pub(crate) idp_id_token: Option<Secret>,
    /// What others say of the client.
    pub(crate) valid_jwt: Option<Secret>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
}

impl Task {
    pub(crate) fn read() -> Result<Self> {
        let url = env::args().skip(1).last().context("usage: conformance-client <url>")?;
        let scenario = variable("SCENARIO")?.context("no scenario is named")?;
        let revision = variable("PROTOCOL_VERSION")?.context("no revision is named")?.parse()?;
        let context = variable("CONTEXT")?.map_or_else(
            || Ok(Context::default()),
            |context| serde_json::from_str(&context).context("the context cannot be read"),
        )?;
        Ok(Self { url, scenario, revision, context })
    }
}

/// A variable of the suite's.
fn variable(name: &str) -> Result<Option<String>> {
    let name = format!("MCP_CONFORMANCE_{name}");
    match env::var(&name) {
        Err(env::VarError::NotPresent) => Ok(None),
        value => value.map(Some).context(name),
    }
}
