//! What ties the name of a method to the types of its parameters and result.

use serde::{Serialize, de::DeserializeOwned};

/// A JSON-RPC request, sent by either side, that is answered with a result.
///
/// The implementations are generated, one for each request of a revision, and carry the name that
/// the schema gives it:
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
