//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! Every type is plain data: no I/O, no async. The parts written by hand are the JSON-RPC envelope
//! ([`Incoming`], [`Request`], [`Notification`]), the [`Method`] trait that ties a method's name to
//! its parameters and result, the [`error_code`]s and the protocol [`Revision`]s.

pub mod error_code;
mod jsonrpc;
mod method;
mod revision;

pub use crate::{
    jsonrpc::{ErrorObject, Incoming, JsonRpc, Notification, Request, RequestId, Response},
    method::{Method, NotificationMethod},
    revision::{Era, Revision, UnknownRevision},
};

/// A JSON object whose members the protocol leaves open.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
