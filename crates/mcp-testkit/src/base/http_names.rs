//! Header names, media types and paths.

pub(crate) const SESSION: &str = "mcp-session-id";

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// The path of the MCP endpoint.
pub(crate) const PATH: &str = "/mcp";
/// The path of the resource metadata, without the path of the endpoint (RFC 9728, section 3.1).
pub(crate) const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";
