//! The state that all requests of a server share.

mod capabilities;
mod shared;
mod script;
mod fault;
mod log;
mod subscriptions;
mod push;
mod session;
mod server_requests;
mod pending_calls;
mod call;
mod message;
mod config;

pub(crate) use self::{
    call::{Call, Client},
    config::Config,
    fault::{End, Plan},
    message::Message,
    pending_calls::{CARRIED, Resumed},
    server_requests::Reaction,
    session::{NoSession, Session},
    shared::Shared,
    subscriptions::Subscription,
};
pub use self::{
    config::{AnswerMode, ProbeAnswer},
    fault::{Fault, Responder},
    push::Push,
    script::On,
};
