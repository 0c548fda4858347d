//! The state that all requests of a server share.

mod capabilities;
mod script;
mod fault;
mod log;
mod session;
mod server_requests;
mod pending_calls;
mod push;
mod call;
mod config;

pub(crate) use self::{
    call::{Call, Client},
    config::Config,
    fault::{End, Plan},
    log::Log,
    pending_calls::{CARRIED, Resumed, Rounds},
    script::Script,
    server_requests::{Asks, Reaction},
    session::{NoSession, Session, Sessions, random_id},
};
pub use self::{
    config::{AnswerMode, ProbeAnswer},
    fault::{Fault, Responder},
    push::Push,
    script::On,
};
