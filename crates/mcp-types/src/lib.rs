//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! Every type is plain data: no I/O, no async. The parts written by hand are the JSON-RPC envelope
//! ([`Incoming`], [`Request`], [`Notification`]), the [`Method`] trait that ties a method's name to
//! its parameters and result, the [`error_code`]s and the protocol [`Revision`]s.

pub mod error_code;
mod generated;
mod jsonrpc;
mod members;
mod method;
mod object;
mod revision;
mod schema;
mod string_enum;
mod union;

pub use crate::{
    generated::v2025_11_25,
    jsonrpc::{ErrorObject, Incoming, JsonRpc, Notification, Request, RequestId, Response},
    method::{Method, NotificationMethod},
    revision::{Era, Revision, UnknownRevision},
    schema::Schema,
    union::OneOrMany,
};

/// A JSON object whose members the protocol leaves open.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
