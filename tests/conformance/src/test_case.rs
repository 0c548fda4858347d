//! The input from the suite: arguments and environment variables.

use std::env;

use anyhow::{Context as _, Result};
use mcp_http::mcp_client::mcp_types::Revision;
use mcp_oauth::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A scenario to run.
#[derive(Debug)]
pub(crate) struct TestCase {
    pub(crate) url: String,
    pub(crate) scenario: String,
    pub(crate) revision: Revision,
    pub(crate) context: Context,
}

/// The input of single scenarios.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    /// The calls to make.
    #[serde(rename = "toolCalls")]
    pub(crate) tool_calls: Vec<ToolCall>,
    /// The registration of the client, with a secret or a private key.
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) private_key_pem: Option<Secret>,
    /// The registration of the client with an identity provider, and the ID token of its user.
    pub(crate) idp_client_id: Option<String>,
    pub(crate) idp_token_endpoint: Option<String>,
    pub(crate) idp_id_token: Option<Secret>,
    /// A JWT from another issuer that identifies the client.
    pub(crate) valid_jwt: Option<Secret>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
}

impl TestCase {
    pub(crate) fn read() -> Result<Self> {
        let url = env::args().skip(1).last().context("usage: conformance-client <url>")?;
        let scenario = variable("SCENARIO")?.context("MCP_CONFORMANCE_SCENARIO is not set")?;
        let revision = variable("PROTOCOL_VERSION")?
            .context("MCP_CONFORMANCE_PROTOCOL_VERSION is not set")?
            .parse()?;
        let context = variable("CONTEXT")?.map_or_else(
            || Ok(Context::default()),
            |context| serde_json::from_str(&context).context("cannot parse the context"),
        )?;
        Ok(Self { url, scenario, revision, context })
    }
}

/// Reads an environment variable of the suite.
fn variable(name: &str) -> Result<Option<String>> {
    let name = format!("MCP_CONFORMANCE_{name}");
    match env::var(&name) {
        Err(env::VarError::NotPresent) => Ok(None),
        value => value.map(Some).context(name),
    }
}
