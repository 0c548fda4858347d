//! The state that all requests of a server share.

mod capabilities;
mod server_state;
mod script;
mod fault;
mod log;
mod subscriptions;
mod server_notification;
mod session;
mod server_requests;
mod pending_calls;
mod call;
mod rpc_response;
mod config;

pub(crate) use self::{
    call::{Call, ClientInfo},
    config::Config,
    fault::{ConnectionEnd, FaultPlan},
    pending_calls::{RETRY_MEMBERS, ResumedCall},
    rpc_response::RpcResponse,
    server_requests::ClientResponse,
    server_state::ServerState,
    session::{Session, SessionError},
    subscriptions::Subscription,
};
pub use self::{
    config::{ProbeResponse, ResponseMode},
    fault::{Fault, Responder},
    script::On,
    server_notification::ServerNotification,
};
