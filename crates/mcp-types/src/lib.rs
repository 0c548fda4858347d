//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! Every type is plain data: no I/O, no async. Each revision is a module. A definition that is equal
//! in two revisions is one type. The parts written by hand are the JSON-RPC envelope
//! ([`JsonRpcMessage`], [`JsonRpcRequest`], [`JsonRpcNotification`]), the [`Method`] trait that ties a method's name to
//! its parameters and result, the [`error_code`]s and the protocol [`Revision`]s.
//!
//! A client sends the parameters of a method, and reads the response as the result of that method:
//!
//! ```
//! use mcp_types::{JsonRpcMessage, Method, JsonRpcRequest, RequestId, v2025_11_25::*};
//!
//! let params = CallToolRequestParams::new("weather");
//! let request = JsonRpcRequest::new(RequestId::Number(1), CallToolRequest::NAME, params);
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather"}}"#
//! );
//!
//! let answer = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sunny"}]}}"#;
//! match JsonRpcMessage::<<CallToolRequest as Method>::Result>::from_slice(answer)? {
//!     JsonRpcMessage::Result { result, .. } => {
//!         assert_eq!(result.content, [TextContent::new("sunny").into()]);
//!     }
//!     JsonRpcMessage::Error { error, .. } => panic!("{error}"),
//!     JsonRpcMessage::Request { method, .. } | JsonRpcMessage::Notification { method, .. } => {
//!         panic!("the server has to say something else first: {method}")
//!     }
//! }
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Types keep what they do not define: unknown members in `extra`, unknown values and objects in
//! `Unknown`. Only the JSON-RPC envelope drops unknown members. An error has the path to the wrong
//! value: `result.tools[3].inputSchema: missing, required by Tool`.
//!
//! An optional member that is `null` counts as absent, unless it may hold any JSON. Numbers are those
//! of `serde_json`: integers of 64 bits, or floats. Reading may change the last digit of a float,
//! unless the application enables the feature `float_roundtrip` of `serde_json`.
//!
//! The types are for `serde_json`. Unions and [`Schema`]s hold raw JSON, which serde's `flatten`,
//! `untagged` and tagged enumerations do not support. There they may return an error. The fields of
//! a form have no types, because they are part of its [`Schema`]. Base classes of the published
//! schemas that no message has are left out, too. The data of an error has a type if the schema
//! describes it.
#![doc = include_str!("generated/methods.md")]

mod generated;
mod jsonrpc;
mod outcome;
mod union;
mod object;
mod one_or_many;
mod string_enum;
mod schema;
mod by_serde;
mod wire;
mod method;
mod revision;
mod json_object;

pub use crate::{
    generated::{v2025_11_25, v2026_07_28},
    json_object::JsonObject,
    jsonrpc::{
        ErrorObject, JsonRpcMessage, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse,
        RequestId, error_code,
    },
    method::{Method, MethodInfo, MethodKind, NotificationMethod},
    one_or_many::OneOrMany,
    outcome::OrInputRequired,
    revision::{Era, Revision, UnknownRevision},
    schema::Schema,
};
