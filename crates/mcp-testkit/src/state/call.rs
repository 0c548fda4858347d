//! A JSON-RPC request, and the declarations of its client.

use mcp_types::{Era, ErrorObject, JsonObject, RequestId, v2025_11_25::LoggingLevel};
use serde_json::Value;

use super::{
    config::Config,
    rpc_response::{RpcResponse, complete_result},
};
use crate::base::User;

/// A JSON-RPC request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) era: Era,
    pub(crate) id: RequestId,
    pub(crate) method: String,
    pub(crate) params: JsonObject,
    pub(crate) user: Option<User>,
    pub(crate) client: ClientInfo,
}

/// The declarations of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientInfo {
    pub(crate) session: Option<String>,
    /// `None` if the server has no sessions, and therefore does not know them.
    pub(crate) capabilities: Option<JsonObject>,
    /// The minimum level of the requested log messages. `None` for no messages.
    pub(crate) log_level: Option<LoggingLevel>,
}

impl ClientInfo {
    /// Returns an unknown client, which may receive all messages.
    pub(crate) fn unknown() -> Self {
        Self { log_level: Some(LoggingLevel::Debug), ..Self::default() }
    }
}

impl Call {
    pub(crate) fn progress_token(&self) -> Option<&Value> {
        self.params.get("_meta")?.get("progressToken")
    }

    /// Returns the response in the format of the protocol version.
    pub(crate) fn response(
        &self,
        config: &Config,
        outcome: Result<Value, ErrorObject>,
    ) -> RpcResponse {
        let outcome = match self.era {
            Era::Stateful => outcome,
            Era::Stateless => outcome.map(|result| complete_result(config, &self.method, result)),
        };
        RpcResponse { id: self.id.clone(), outcome, session: None }
    }
}
