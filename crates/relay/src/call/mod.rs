//! A tool call, from the arguments to the output.

mod call;
mod tool;
mod interceptor;
mod resource_tools;
mod span;

pub use self::{
    call::Call,
    interceptor::{Interceptor, Listing, Next, NextList},
    span::{Observer, Operation},
    tool::{Tool, Tools},
};
pub(crate) use self::{
    resource_tools::add as add_resource_tools,
    span::{What, observed},
};
