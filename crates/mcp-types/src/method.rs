//! Methods: their names and the types of their parameters and results.

use serde::{Serialize, de::DeserializeOwned};

/// A JSON-RPC request with a result. Some are sent by the client, some by the server.
///
/// The implementations are generated, one for each request of a protocol version. They have the
/// name of the request in the schema. From 2026-07-28, requests of the server are not messages, but
/// part of a result. They are structs, such as
/// [`ElicitRequest`](crate::v2026_07_28::ElicitRequest), without an implementation. The lists of
/// all methods, such as [`Methods::ALL`](crate::v2026_07_28::Methods::ALL), contain the side that
/// sends each method.
///
/// ```
/// use mcp_types::{Method, v2025_11_25::CallToolRequest};
///
/// assert_eq!(CallToolRequest::NAME, "tools/call");
/// ```
pub trait Method {
    /// The name of the method in messages, such as `tools/call`.
    const NAME: &'static str;
    /// The type of `params`.
    type Params: Serialize + DeserializeOwned;
    /// The type of `result`.
    type Result: Serialize + DeserializeOwned;
}

/// A JSON-RPC notification, which has no response. Some are sent by the client, some by the server.
pub trait NotificationMethod {
    /// The name of the method in messages, such as `notifications/progress`.
    const NAME: &'static str;
    /// The type of `params`.
    type Params: Serialize + DeserializeOwned;
}

/// The description of a method, for lists such as
/// [`Methods::ALL`](crate::v2026_07_28::Methods::ALL).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodInfo {
    /// The name of the method in messages, such as `tools/call`.
    pub name: &'static str,
    /// The kind of message.
    pub kind: MethodKind,
    /// `true` if the client may send it.
    pub by_client: bool,
    /// `true` if the server may send it.
    pub by_server: bool,
    /// The name of the type of `params`.
    pub params: &'static str,
    /// The name of the type of the result. `None` for a notification.
    pub result: Option<&'static str>,
}

/// The kind of message of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MethodKind {
    /// A request with a response.
    Request,
    /// A message without a response.
    Notification,
    /// A request of the server within a result. The client responds when it retries its own
    /// request.
    Input,
}
