//! Error codes of JSON-RPC 2.0 and of MCP, as found in [`ErrorObject::code`](crate::ErrorObject).

/// The peer could not read the JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The message is not a valid request.
pub const INVALID_REQUEST: i64 = -32600;
/// The method does not exist or its capability was not declared.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are wrong: an unknown tool, a missing argument, a stale cursor.
pub const INVALID_PARAMS: i64 = -32602;
/// The peer failed while it handled the request.
pub const INTERNAL_ERROR: i64 = -32603;
/// The resource does not exist (revisions up to 2025-11-25).
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// The user has to complete a URL elicitation first (2025-11-25).
pub const URL_ELICITATION_REQUIRED: i64 = -32042;
/// A header does not say what the body says (2026-07-28).
pub const HEADER_MISMATCH: i64 = -32020;
/// The request needs a capability that the client does not declare (2026-07-28).
pub const MISSING_REQUIRED_CLIENT_CAPABILITY: i64 = -32021;
/// The server does not speak the request's revision (2026-07-28).
pub const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;
