//! A typed Model Context Protocol client over any transport.
//!
//! Start at [`Client`]; what carries its messages is a [`Transport`], such as the one of the crate
//! `mcp-http`; everything that can go wrong is in [`Error`].

// A folder's main file has the name of the folder.
#![allow(clippy::module_inception)]

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
    client::{
        client::{Builder, Client},
        completion::Completing,
        prompts::PromptResult,
        resources::ResourceResult,
        watch::{Change, Changes, Watch},
    },
    error::Error,
    handler::handler::{Handler, Refused, Serves, UrlElicitation},
    protocol::negotiation::Negotiation,
    request::{limits::Limits, options::Options},
    result::{
        list::{Listed, RefusedEntry},
        page::CacheHint,
        server_info::{Capabilities, ServerProfile},
        shared_lists::KnownLists,
        tool::{Tool, ToolList, ToolResult},
    },
    text::Brief,
    transport::{
        message_type::{is_answer, is_result},
        multiplexer::{Held, Switchboard, Waiting},
        transport::{
            BoxError, Context, Extras, MessageKind, MessageStream, Messages, Outgoing, Reply,
            Routing, Sent, SessionId, Transport, TransportError, TransportErrorKind,
        },
    },
};
