//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! Every type is plain data: no I/O, no async. Each revision is a module; what has not changed from
//! one to the next is the same type in both. The parts written by hand are the JSON-RPC envelope
//! ([`Incoming`], [`Request`], [`Notification`]), the [`Method`] trait that ties a method's name to
//! its parameters and result, the [`error_code`]s and the protocol [`Revision`]s.
//!
//! A client sends the parameters of a method, and reads the answer by the same method:
//!
//! ```
//! use mcp_types::{Incoming, Method, Request, RequestId, v2025_11_25::*};
//!
//! let params = CallToolRequestParams::new("weather");
//! let request = Request::new(RequestId::Number(1), CallToolRequest::NAME, params);
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather"}}"#
//! );
//!
//! let answer = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sunny"}]}}"#;
//! match Incoming::<<CallToolRequest as Method>::Result>::from_slice(answer)? {
//!     Incoming::Result { result, .. } => {
//!         assert_eq!(result.content, [TextContent::new("sunny").into()]);
//!     }
//!     Incoming::Error { error, .. } => panic!("{error}"),
//!     Incoming::Request { method, .. } | Incoming::Notification { method, .. } => {
//!         panic!("the server has to say something else first: {method}")
//!     }
//! }
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! What a type does not know, it keeps: members in `extra`, values and objects in `Unknown`. Only the
//! envelope, which is JSON-RPC's, lets unknown members go. What is wrong, an error names by its path:
//! `result.tools[3].inputSchema: missing, Tool requires it`.
//!
//! An optional member that is `null` counts as absent, but where any JSON may stand. Numbers are
//! those of `serde_json`: integers of 64 bits, or floats, of which reading may change the last digit
//! unless the application turns on the feature `float_roundtrip` of `serde_json`.
//!
//! The types are for `serde_json`. Unions and [`Schema`]s put raw JSON aside, which serde's `flatten`,
//! `untagged` and tagged enumerations cannot: within those they may fail. There are no types for the
//! fields of a form, which are part of its [`Schema`], nor for the base classes of the published
//! schemas that no message has; the data of an error has one where the schema describes it.
#![doc = include_str!("generated/methods.md")]

mod generated;
mod jsonrpc;
mod outcome;
mod union;
mod object;
mod one_or_many;
mod string_enum;
mod schema;
mod wire;
mod method;
mod revision;
mod json_object;

pub use crate::{
    generated::{v2025_11_25, v2026_07_28},
    json_object::JsonObject,
    jsonrpc::{ErrorObject, Incoming, Notification, Request, RequestId, Response, error_code},
    method::{Method, MethodInfo, MethodKind, NotificationMethod},
    one_or_many::OneOrMany,
    outcome::OrInputRequired,
    revision::{Era, Revision, UnknownRevision},
    schema::Schema,
};
