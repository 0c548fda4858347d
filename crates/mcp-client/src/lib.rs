//! A typed Model Context Protocol client over any transport.
//!
//! Start at [`Client`]; what carries its messages is a [`Transport`], such as the one of the crate
//! `mcp-http`; everything that can go wrong is in [`Error`].

mod client;
mod protocol;
mod exchange;
mod changes;
mod result;
mod request;
mod error;
mod handler;
mod transport;
mod text;

pub use mcp_types;

pub use crate::{
    changes::Change,
    client::{Builder, Changes, Client, Completing, PromptResult, ResourceResult, Watch},
    error::Error,
    handler::{Handler, Refused, Serves, UrlElicitation},
    protocol::Negotiation,
    request::{Limits, Options},
    result::{
        CacheHint, Capabilities, KnownLists, Listed, RefusedEntry, ServerProfile, Tool, ToolList,
        ToolResult,
    },
    text::Brief,
    transport::{
        BoxError, Context, Extras, Held, MessageKind, MessageStream, Messages, Outgoing, Reply,
        Routing, Sent, SessionId, Switchboard, Transport, TransportError, TransportErrorKind,
        Waiting, is_answer, is_result,
    },
};
