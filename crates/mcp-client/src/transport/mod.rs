//! The transport interface and what transports share.

pub(crate) mod transport;
pub(crate) mod multiplexer;
pub(crate) mod envelope;
pub(crate) mod message_type;
pub(crate) mod batch;
