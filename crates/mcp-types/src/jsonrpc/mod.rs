//! The JSON-RPC 2.0 messages, the same for all protocol versions.
//!
//! Outgoing messages borrow their content. [`JsonRpcMessage`] is decoded in one pass over the
//! bytes, directly into the result type of the pending request.

mod incoming;
mod outgoing;
mod error_object;
pub mod error_code;
mod request_id;
mod version;
mod size_limit;

pub use self::{
    error_object::ErrorObject,
    incoming::JsonRpcMessage,
    outgoing::{JsonRpcNotification, JsonRpcRequest, JsonRpcResponse},
    request_id::RequestId,
};
