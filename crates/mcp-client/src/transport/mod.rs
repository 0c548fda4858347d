//! The transport interface, and what transports share.

mod transport;
mod multiplexer;
mod message;
mod error;
mod keep_alive;
mod envelope;
mod message_type;
mod batch;

pub(crate) use self::{
    batch::{is_batch, split_batch},
    envelope::is_other_text,
    error::is_rejected_as_busy,
};
pub use self::{
    error::{BoxError, TransportError, TransportErrorKind},
    keep_alive::KeepAlive,
    message::{
        Extensions, LastFailure, MessageContext, MessageKind, MessageStream, OutgoingMessage,
        RequestHeaders, ResponseMessages, SentFlag, SessionId, TransportResponse,
    },
    message_type::{is_response, is_result},
    multiplexer::{MultiplexedStream, Multiplexer},
    transport::Transport,
};
