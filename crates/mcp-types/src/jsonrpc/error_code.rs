//! Error codes of JSON-RPC 2.0 and of MCP, for [`ErrorObject::code`](crate::ErrorObject).

/// The message is not valid JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The message is not a valid request.
pub const INVALID_REQUEST: i64 = -32600;
/// The method does not exist, or its capability was not declared.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are invalid. Examples: an unknown tool, a missing argument, an expired cursor.
pub const INVALID_PARAMS: i64 = -32602;
/// The receiver failed while it processed the request.
pub const INTERNAL_ERROR: i64 = -32603;
/// The resource does not exist (up to 2025-11-25).
pub const RESOURCE_NOT_FOUND: i64 = -32002;
/// The user must complete a URL elicitation first (2025-11-25).
pub const URL_ELICITATION_REQUIRED: i64 = -32042;
/// An HTTP header does not match the body (2026-07-28).
pub const HEADER_MISMATCH: i64 = -32020;
/// The request requires a capability that the client did not declare (2026-07-28).
pub const MISSING_REQUIRED_CLIENT_CAPABILITY: i64 = -32021;
/// The server does not support the protocol version of the request (2026-07-28).
pub const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;
