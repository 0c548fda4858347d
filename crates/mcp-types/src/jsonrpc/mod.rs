//! The JSON-RPC 2.0 envelope, written once for all revisions.

mod incoming;
mod error_object;
pub mod error_code;
mod size_limit;

pub use self::{
    error_object::ErrorObject,
    incoming::{Incoming, Notification, Request, RequestId, Response},
};
