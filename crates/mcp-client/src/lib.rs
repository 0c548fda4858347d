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
    changes::ListChange,
    client::{
        Client, ClientBuilder, CompletionRequest, PromptResult, ResourceResult, Subscription,
        SubscriptionFilter,
    },
    error::Error,
    handler::{Declined, Handler, HandlerCapabilities, UrlElicitation},
    protocol::Negotiation,
    request::{CallOptions, Limits},
    result::{
        CacheHint, InvalidEntry, ListResult, ServerCapabilities, ServerInfo, SharedToolLists,
        ToolDefinition, ToolList, ToolResult,
    },
    text::Truncated,
    transport::{
        BoxError, Extensions, KeepAlive, MessageContext, MessageKind, MessageStream,
        MultiplexedStream, Multiplexer, OutgoingMessage, RequestHeaders, ResponseMessages,
        SentFlag, SessionId, Transport, TransportError, TransportErrorKind, TransportResponse,
        is_response, is_result,
    },
};
