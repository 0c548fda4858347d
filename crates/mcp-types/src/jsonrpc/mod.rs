//! The JSON-RPC 2.0 envelope, written once for all revisions.
//!
//! Outgoing messages borrow what they carry. [`JsonRpcMessage`] is decoded in one pass over the bytes,
//! straight into the result type of the pending request.

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
