//! Requests: their parameters, options and time limits.

mod request;
mod server_requests;
mod meta;
mod params;
mod options;
mod attempts;
mod limits;
mod deadline;

pub use self::{attempts::Attempts, limits::Limits, options::CallOptions};
pub(crate) use self::{
    deadline::{Activity, Deadline},
    meta::{CallerMeta, Envelope, InputParams, Meta, Params},
    params::{
        CallToolParams, ListParams, ResourceParams, require_object, split_meta, to_object,
        tool_params_error,
    },
    request::{MethodName, Request},
    server_requests::{DeclinedRequests, ServerRequests},
};
pub(crate) use self::{limits::DEFAULT_MAX_SERVER_REQUESTS, options::LogReceiver};
