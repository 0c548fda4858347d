//! The frame of the hostile cases: a case is data, and all assertions are here.
//!
//! [`check`] starts a server for each [`Case`], lets a client run an operation in a process of its
//! own, and checks the outcome, the time, the memory, the secrets and the size of all texts.

mod case;
mod check;
mod default_reply;
mod server;
mod request;
mod reply;
mod secrets;
#[path = "../../../hostile/secrecy.rs"]
mod secrecy;

pub(super) use self::{
    case::{Case, Operation, case, program},
    check::check,
    reply::{Reply, accepted, body, events, json, raw, result, status},
};
