//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! The types are plain data, without I/O or async. Each protocol version has a module. A definition
//! that is the same in both versions is one type. Some types are written by hand:
//!
//! - The JSON-RPC messages: [`JsonRpcMessage`] for received messages, and [`JsonRpcRequest`],
//!   [`JsonRpcNotification`] and [`JsonRpcResponse`] for sent ones.
//! - The [`Method`] trait, which connects the name of a method to its parameters and result.
//! - The [`error_code`]s.
//! - The protocol versions, as [`Revision`].
//!
//! A client sends the parameters of a method, and reads the response as the result of that method:
//!
//! ```
//! use mcp_types::{JsonRpcMessage, JsonRpcRequest, Method, RequestId, v2025_11_25::*};
//!
//! let params = CallToolRequestParams::new("weather");
//! let request = JsonRpcRequest::new(RequestId::Number(1), CallToolRequest::NAME, params);
//! assert_eq!(
//!     serde_json::to_string(&request)?,
//!     r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather"}}"#
//! );
//!
//! let response = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sunny"}]}}"#;
//! match JsonRpcMessage::<<CallToolRequest as Method>::Result>::from_slice(response)? {
//!     JsonRpcMessage::Result { result, .. } => {
//!         assert_eq!(result.content, [TextContent::new("sunny").into()]);
//!     }
//!     JsonRpcMessage::Error { error, .. } => panic!("{error}"),
//!     JsonRpcMessage::Request { method, .. } | JsonRpcMessage::Notification { method, .. } => {
//!         panic!("unexpected message: {method}")
//!     }
//! }
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Decoding
//!
//! Unknown members are kept in `extra`, unknown values and objects in `Unknown`. Only unknown
//! members of the JSON-RPC message itself are dropped. An error contains the path to the invalid
//! value, such as `result.tools[3].inputSchema: missing, required by Tool`.
//!
//! An optional member that is `null` counts as absent, unless its type is any JSON. Numbers are
//! those of `serde_json`: 64-bit integers or floats. Decoding may change the last digit of a float,
//! unless the application enables the feature `float_roundtrip` of `serde_json`.
//!
//! Use the types with `serde_json`. Unions and [`Schema`]s need raw JSON, which serde's `flatten`,
//! `untagged` and tagged enumerations do not support. Inside of these, decoding may return an
//! error.
//!
//! # Definitions without a type
//!
//! The fields of a form have no types, because they are part of its [`Schema`]. Base types of the
//! published schemas that are not part of any message have no type either. The data of an error has
//! a type if the schema describes it.
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
mod text;

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
    text::{Truncated, TruncatedLines},
};
