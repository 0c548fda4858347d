//! An elicitation in URL mode.

use mcp_types::{JsonObject, v2026_07_28::ElicitRequestUrlParams};
use serde_json::Value;

/// A URL that the server would like the user to visit (MCP client/elicitation, "URL Mode Elicitation
/// Requests"). Nothing but the user's consent makes it fit to be opened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UrlElicitation {
    /// Why, in words for the user.
    pub message: String,
    /// The URL, to be shown in full.
    pub url: String,
    /// The server's name for this elicitation, which only 2025-11-25 has; opaque.
    pub id: Option<String>,
    /// Members that the specification does not name.
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
