//! The exchange of messages for one request, from sending it until its response.

mod exchange;
mod listener;
mod responder;
mod server_request;
mod cancellation;
mod channel;
mod client_state;
mod in_progress;

pub(crate) use self::{
    cancellation::CancelOnDrop,
    channel::Channel,
    client_state::ClientState,
    exchange::PendingRequest,
    listener::{ListenState, Listener},
    server_request::collect_responses,
};
