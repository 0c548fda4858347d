//! An elicitation in URL mode.

use mcp_types::{JsonObject, v2026_07_28::ElicitRequestUrlParams};
use serde_json::Value;

/// A server request to let the user visit a URL (MCP client/elicitation, "URL Mode Elicitation
/// Requests"). The URL must not be opened without the user's consent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UrlElicitation {
    /// The reason for the request, to show to the user.
    pub message: String,
    /// The URL. Show it to the user in full.
    pub url: String,
    /// The server's id for this elicitation, which is opaque. Only 2025-11-25 has it.
    pub id: Option<String>,
    /// Members that the specification does not define.
    pub extra: JsonObject,
}

impl From<ElicitRequestUrlParams> for UrlElicitation {
    fn from(params: ElicitRequestUrlParams) -> Self {
        let ElicitRequestUrlParams { message, url, mut extra, .. } = params;
        let id = match extra.remove("elicitationId") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        };
        Self { message, url, id, extra }
    }
}
