//! One JSON-RPC request, and what is known of the client that sent it.

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

/// What a client has said of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientInfo {
    pub(crate) session: Option<String>,
    /// `None` where a server without sessions has forgotten them.
    pub(crate) capabilities: Option<JsonObject>,
    /// The least serious log messages that it wants; `None` if it wants none.
    pub(crate) log_level: Option<LoggingLevel>,
}

impl ClientInfo {
    /// A client that was not remembered, which may be told of everything.
    pub(crate) fn unknown() -> Self {
        Self { log_level: Some(LoggingLevel::Debug), ..Self::default() }
    }
}

impl Call {
    pub(crate) fn progress_token(&self) -> Option<&Value> {
        self.params.get("_meta")?.get("progressToken")
    }

    /// The answer as the era wants it.
    pub(crate) fn answer(
        &self,
        config: &Config,
        outcome: Result<Value, ErrorObject>,
    ) -> RpcResponse {
        let outcome = match self.era {
            Era::Handshake => outcome,
            Era::PerRequest => outcome.map(|result| complete_result(config, &self.method, result)),
        };
        RpcResponse { id: self.id.clone(), outcome, session: None }
    }
}
