//! A typed Model Context Protocol client over any transport.
//!
//! Start at [`Client`]; what carries its messages is a [`Transport`], such as the one of the crate
//! `mcp-http`; everything that can go wrong is in [`Error`].

mod answer;
mod answering;
mod asked;
mod batch;
mod brief;
mod cancel;
mod client;
mod completion;
mod conversation;
mod dialect;
mod ears;
mod error;
mod exchange;
mod follow;
mod form;
mod handler;
mod handshake;
mod head;
mod host;
mod inbox;
mod known;
mod limits;
mod link;
mod list;
mod listed;
mod mirror;
mod negotiation;
mod notices;
mod options;
mod outcome;
mod params;
mod patience;
mod per_request;
mod profile;
mod prompt;
mod request;
mod resource;
mod session;
mod subscription;
mod switchboard;
mod together;
mod tool;
mod transport;
mod version;
mod watch;

pub use mcp_types;

pub use crate::{
    answer::{is_answer, is_result},
    brief::Brief,
    client::{Builder, Client},
    completion::Completing,
    error::Error,
    handler::{Handler, Refused, Serves, UrlElicitation},
    known::KnownLists,
    limits::Limits,
    list::CacheHint,
    listed::{Listed, RefusedEntry},
    negotiation::Negotiation,
    options::Options,
    profile::{Capabilities, ServerProfile},
    prompt::PromptResult,
    resource::ResourceResult,
    switchboard::{Held, Switchboard, Waiting},
    tool::{Tool, ToolList, ToolResult},
    transport::{
        BoxError, Context, Extras, MessageKind, MessageStream, Messages, Outgoing, Reply, Routing,
        Sent, SessionId, Transport, TransportError, TransportErrorKind,
    },
    watch::{Change, Changes, Watch},
};
