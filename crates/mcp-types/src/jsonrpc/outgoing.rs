//! Messages to send. They borrow their content.

use serde::Serialize;

use super::{error_object::ErrorObject, request_id::RequestId, version::JsonRpc};

/// A request to send.
///
/// ```
/// use mcp_types::{JsonRpcRequest, RequestId};
///
/// let ping = JsonRpcRequest::new(RequestId::Number(1), "ping", serde_json::json!({}));
/// assert_eq!(
///     serde_json::to_string(&ping)?,
///     r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct JsonRpcRequest<'a, P> {
    jsonrpc: JsonRpc,
    id: RequestId,
    method: &'a str,
    params: P,
}

impl<'a, P> JsonRpcRequest<'a, P> {
    /// Creates a request. `params` must serialize as an object.
    pub const fn new(id: RequestId, method: &'a str, params: P) -> Self {
        Self { jsonrpc: JsonRpc, id, method, params }
    }
}

/// A notification to send.
#[derive(Debug, Clone, Serialize)]
pub struct JsonRpcNotification<'a, P> {
    jsonrpc: JsonRpc,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

impl<'a, P> JsonRpcNotification<'a, P> {
    /// Creates a notification. If there are `params`, they must serialize as an object.
    pub const fn new(method: &'a str, params: Option<P>) -> Self {
        Self { jsonrpc: JsonRpc, method, params }
    }
}

/// A response to send, with either a result or an error.
#[derive(Debug, Clone, Serialize)]
pub struct JsonRpcResponse<R> {
    jsonrpc: JsonRpc,
    id: RequestId,
    #[serde(flatten)]
    outcome: ResultOrError<R>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum ResultOrError<R> {
    Result(R),
    Error(ErrorObject),
}

impl<R> JsonRpcResponse<R> {
    /// Creates the response to the request with this id. A result must serialize as an object.
    pub fn new(id: RequestId, outcome: Result<R, ErrorObject>) -> Self {
        let outcome = outcome.map_or_else(ResultOrError::Error, ResultOrError::Result);
        Self { jsonrpc: JsonRpc, id, outcome }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_response_has_either_result_or_error() {
        let response = JsonRpcResponse::new(RequestId::Number(1), Ok(json!({})));
        let response = serde_json::to_value(&response).unwrap();
        assert_eq!(response, json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));

        let error = ErrorObject { code: -32601, message: "unknown".to_owned(), data: None };
        let response = JsonRpcResponse::<Value>::new(RequestId::Number(1), Err(error));
        let response = serde_json::to_value(&response).unwrap();
        let error = json!({ "code": -32601, "message": "unknown" });
        assert_eq!(response, json!({ "jsonrpc": "2.0", "id": 1, "error": error }));
    }
}
