//! Methods: their names and the types of their parameters and results.

use serde::{Serialize, de::DeserializeOwned};

/// A request, sent by either side, that is answered with a result.
///
/// The implementations are generated, one for each request of a revision, and carry the name that
/// the schema gives it. Since 2026-07-28 a server's requests are no messages of their own, but
/// travel within a result: they are structs, such as
/// [`ElicitRequest`](crate::v2026_07_28::ElicitRequest). The lists of all methods, such as
/// [`Methods::ALL`](crate::v2026_07_28::Methods::ALL), say who sends what.
///
/// ```
/// use mcp_types::{Method, v2025_11_25::CallToolRequest};
///
/// assert_eq!(CallToolRequest::NAME, "tools/call");
/// ```
pub trait Method {
    /// The method on the wire, such as `tools/call`.
    const NAME: &'static str;
    /// The value of `params`.
    type Params: Serialize + DeserializeOwned;
    /// The value of `result`.
    type Result: Serialize + DeserializeOwned;
}

/// A JSON-RPC notification, sent by either side and never answered.
pub trait NotificationMethod {
    /// The method on the wire, such as `notifications/progress`.
    const NAME: &'static str;
    /// The value of `params`.
    type Params: Serialize + DeserializeOwned;
}

/// A method of a revision as data, as in [`Methods::ALL`](crate::v2026_07_28::Methods::ALL).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodInfo {
    /// The method on the wire, such as `tools/call`.
    pub name: &'static str,
    /// The kind of message that the method is.
    pub kind: MethodKind,
    /// True if the client may send it.
    pub by_client: bool,
    /// True if the server may send it.
    pub by_server: bool,
    /// The type of `params`.
    pub params: &'static str,
    /// The type of the result; `None` for a notification.
    pub result: Option<&'static str>,
}

/// The kind of message that a method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MethodKind {
    /// A request with a response.
    Request,
    /// A message without a response.
    Notification,
    /// A request of the server within a result, answered with the repeated call.
    Input,
}
