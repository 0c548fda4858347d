//! One request and everything that belongs to it until its response arrives.

pub(crate) mod exchange;
pub(crate) mod listener;
pub(crate) mod responder;
pub(crate) mod server_request;
pub(crate) mod cancellation;
pub(crate) mod channel;
pub(crate) mod client_state;
