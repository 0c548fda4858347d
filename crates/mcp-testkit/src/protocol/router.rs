//! Routes an HTTP request, and checks its path, origin, headers and body.

use mcp_types::{Era, JsonObject, JsonRpcMessage, error_code};
use serde_json::{Value, value::RawValue};

use super::{exchange::Exchange, response::ExchangeResponse};
use crate::{
    base::{EVENT_STREAM, JSON, METADATA_PATH, PATH},
    http::Reply,
    state::{Call, ClientInfo},
};

impl Exchange<'_> {
    pub(crate) fn handle(mut self) -> ExchangeResponse {
        self.route().unwrap_or_else(ExchangeResponse::Reply)
    }

    fn route(&mut self) -> Result<ExchangeResponse, Reply> {
        let path = self.request.path();
        if path.strip_prefix(METADATA_PATH).is_some_and(|of| of.is_empty() || of == PATH) {
            return self.metadata();
        }
        if path != PATH {
            return Err(Reply::status(404));
        }
        self.check_origin()?;
        self.user = self.server.token_verifier.check(self.request)?;
        let config = &self.server.config;
        let stateful = config.supports(Era::Stateful);
        match self.request.http_method() {
            "POST" => self.post(),
            "GET" | "DELETE" if !stateful => {
                self.record_violation("only POST is allowed in stateless protocol versions");
                Err(self.method_not_allowed())
            }
            "GET" if config.allow_get || config.retry.is_some() => self.open_get_stream(),
            "DELETE" if config.sessions && config.allow_delete => self.end_session(),
            _ => Err(self.method_not_allowed()),
        }
    }

    /// Returns the resource metadata (RFC 9728, section 3). It requires no token.
    fn metadata(&self) -> Result<ExchangeResponse, Reply> {
        let metadata = self.server.token_verifier.metadata(&self.server.url);
        let metadata = metadata.ok_or_else(|| Reply::status(404))?;
        match self.request.http_method() {
            "GET" => Ok(ExchangeResponse::Reply(Reply::json(&metadata))),
            _ => Err(Reply::status(405).header("allow", "GET")),
        }
    }

    /// Rejects requests from web pages of other hosts (MCP transports, "Security Warning").
    fn check_origin(&self) -> Result<(), Reply> {
        let Some(origin) = self.request.header("origin") else {
            return Ok(());
        };
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let local = ["localhost", "127.0.0.1", "[::1]"].into_iter().any(|name| {
            host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':'))
        });
        if local {
            return Ok(());
        }
        Err(self.error_reply(403, error_code::INVALID_REQUEST, "origin not allowed"))
    }

    fn post(&self) -> Result<ExchangeResponse, Reply> {
        for media_type in [JSON, EVENT_STREAM] {
            self.check_accept(media_type)?;
        }
        if !self.request.has_media_type("content-type", JSON) {
            let what = format_args!(r#"header "content-type": expected {JSON:?}"#);
            return Err(self.reject(415, error_code::INVALID_REQUEST, what));
        }
        let Some(json) = self.request.json() else {
            return Err(self.reject(400, error_code::PARSE_ERROR, "body is not valid JSON"));
        };
        if json.is_array() {
            let what = "expected a single message, got an array";
            return Err(self.reject(400, error_code::INVALID_REQUEST, what));
        }
        // The deserializer accepts these, but clients must not send them.
        for (member, what) in [
            ("id", r#""id": expected a string or an integer, got null"#),
            ("params", r#""params": expected an object"#),
        ] {
            if json.get("method").is_some() && json.get(member).is_some_and(Value::is_null) {
                return Err(self.reject(400, error_code::INVALID_REQUEST, what));
            }
        }
        let message = serde_json::from_slice::<JsonRpcMessage<Value>>(self.request.body())
            .map_err(|error| self.reject(400, error_code::INVALID_REQUEST, error))?;
        let era = self.era()?;
        match message {
            JsonRpcMessage::Request { id, method, params } => {
                let params = self.params_object(params.as_deref())?;
                let (user, client) = (self.user.clone(), ClientInfo::default());
                let call = Call { era, id, method, params, user, client };
                match era {
                    Era::Stateful => self.handle_stateful_request(call),
                    Era::Stateless => self.handle_stateless_request(call),
                }
            }
            JsonRpcMessage::Notification { method, params } => {
                let params = self.params_object(params.as_deref())?;
                match era {
                    Era::Stateful => self.handle_notification(&method, &params),
                    Era::Stateless => Ok(self.ignore_notification()),
                }
            }
            JsonRpcMessage::Result { .. } | JsonRpcMessage::Error { .. }
                if era == Era::Stateless =>
            {
                Err(self.reject_response())
            }
            JsonRpcMessage::Result { id, result } => self.handle_response(Some(&id), Ok(result)),
            JsonRpcMessage::Error { id, error } => self.handle_response(id.as_ref(), Err(error)),
        }
    }

    fn params_object(&self, params: Option<&RawValue>) -> Result<JsonObject, Reply> {
        let params = params.map_or("{}", RawValue::get);
        serde_json::from_str(params).map_err(|_| {
            self.reject(400, error_code::INVALID_REQUEST, r#""params": expected an object"#)
        })
    }
}
