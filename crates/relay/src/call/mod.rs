//! Tool calls, from the arguments to the output.

mod call;
mod list;
mod interceptor;
mod tool;
mod resource_tools;
mod span;
mod user_server;
mod retry;

pub(crate) use self::{
    interceptor::Interceptors,
    span::{OperationInfo, in_span},
    tool::ToolServer,
    user_server::{Caller, UserServer},
};
pub use self::{
    interceptor::{CallRequest, Interceptor, ListRequest, NextCall, NextList},
    tool::{ServerTools, Tool},
};
