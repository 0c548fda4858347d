//! Types of the Model Context Protocol (MCP), generated from its published schemas.
//!
//! Every type is plain data: no I/O, no async. Each revision is a module; what has not changed from
//! one to the next is the same type in both. The parts written by hand are the JSON-RPC envelope
//! ([`Incoming`], [`Request`], [`Notification`]), the [`Method`] trait that ties a method's name to
//! its parameters and result, the [`error_code`]s and the protocol [`Revision`]s.
//!
//! What a type does not know, it keeps: members in `extra`, values and objects in `Unknown`. Only the
//! envelope, which is JSON-RPC's, lets unknown members go. What is wrong, an error names by its path:
//! `result.tools[3].inputSchema: missing, Tool requires it`.
//!
//! The types are for `serde_json`. Unions and [`Schema`]s put raw JSON aside, which serde's `flatten`,
//! `untagged` and tagged enumerations cannot: within those they may fail. There are no types for the
//! fields of a form, which are part of its [`Schema`], nor for the base classes of the published
//! schemas that no message has; the data of an error has one where the schema describes it.
#![doc = include_str!("generated/methods.md")]

mod bound;
pub mod error_code;
mod error_object;
mod generated;
mod jsonrpc;
mod members;
mod method;
mod object;
mod one_or_many;
mod outcome;
mod path;
mod revision;
mod schema;
mod string_enum;
mod union;
mod wire;

pub use crate::{
    error_object::ErrorObject,
    generated::{v2025_11_25, v2026_07_28},
    jsonrpc::{Incoming, Notification, Request, RequestId, Response},
    method::{Method, MethodInfo, MethodKind, NotificationMethod},
    one_or_many::OneOrMany,
    outcome::OrInputRequired,
    revision::{Era, Revision, UnknownRevision},
    schema::Schema,
};

/// A JSON object whose members the protocol leaves open.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
