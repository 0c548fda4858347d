//! The stateless protocol versions (from 2026-07-28). Each request contains the protocol version
//! and the client's capabilities.

use mcp_types::{Era, JsonObject, error_code, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::{envelope, exchange::Exchange, response::ExchangeResponse};
use crate::{
    http::Reply,
    state::{Call, ClientInfo},
};

impl Exchange<'_> {
    pub(crate) fn handle_stateless_request(
        &self,
        mut call: Call,
    ) -> Result<ExchangeResponse, Reply> {
        self.check_request_metadata(&call.method, &call.params)?;
        call.client = client_info(&call.params);
        match &*call.method {
            "server/discover" => Ok(self.respond(&call, Ok(self.discover()))),
            "subscriptions/listen" => {
                self.subscribe(&call).or_else(|error| Ok(self.respond(&call, Err(error))))
            }
            "tools/call" => {
                self.check_param_headers(&call.params)?;
                self.call_method(call)
            }
            _ => self.call_method(call),
        }
    }

    /// Accepts a notification, but records a violation. Stateless clients send no notifications
    /// over HTTP. They cancel a request by closing its stream.
    pub(crate) fn ignore_notification(&self) -> ExchangeResponse {
        self.record_violation("notifications over HTTP not allowed in stateless protocol versions");
        ExchangeResponse::Reply(Reply::status(202))
    }

    /// Rejects a response of the client, because a stateless server sends no requests.
    pub(crate) fn reject_response(&self) -> Reply {
        self.reject(
            400,
            error_code::INVALID_REQUEST,
            "unexpected response: the server sent no request",
        )
    }

    fn discover(&self) -> Value {
        let config = &self.server.config;
        let versions = config.revisions.iter().map(|it| it.as_str()).collect::<Vec<_>>();
        let mut result = json!({
            "supportedVersions": versions,
            "capabilities": self.server.capabilities(Era::Stateless),
        });
        if let Some(instructions) = &config.instructions {
            result["instructions"] = json!(instructions);
        }
        result
    }
}

/// Returns the declarations of the client in a request.
fn client_info(params: &JsonObject) -> ClientInfo {
    let meta = |key| params.get("_meta").and_then(|meta| meta.get(key));
    let capabilities = meta(envelope::CAPABILITIES).and_then(Value::as_object).cloned();
    let log_level = meta(envelope::LOG_LEVEL).and_then(Value::as_str).map(LoggingLevel::from);
    ClientInfo { session: None, capabilities, log_level }
}
