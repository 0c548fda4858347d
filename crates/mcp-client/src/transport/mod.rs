//! The transport interface and what transports share.

mod transport;
mod multiplexer;
mod message;
mod error;
mod keep_alive;
mod envelope;
mod message_type;
mod batch;

pub(crate) use self::batch::{is_batch, split_batch};
pub use self::{
    error::{BoxError, TransportError, TransportErrorKind},
    keep_alive::Held,
    message::{
        Context, Extras, MessageKind, MessageStream, Messages, Outgoing, Reply, Routing, Sent,
        SessionId,
    },
    message_type::{is_answer, is_result},
    multiplexer::{Switchboard, Waiting},
    transport::Transport,
};
