//! The stateful protocol versions (up to 2025-11-25): `initialize`, sessions and notifications.

use mcp_types::{
    Era, ErrorObject, JsonObject, RequestId, Revision, error_code, v2025_11_25::LoggingLevel,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{exchange::Exchange, response::ExchangeResponse};
use crate::{
    base::{EVENT_STREAM, SESSION, severity},
    http::Reply,
    state::{Call, ClientInfo, ClientResponse, RpcResponse, Session, SessionError},
};

impl Exchange<'_> {
    pub(crate) fn handle_stateful_request(
        &self,
        mut call: Call,
    ) -> Result<ExchangeResponse, Reply> {
        if call.method == "initialize" {
            return self.initialize(call.id, &call.params).map(ExchangeResponse::Response);
        }
        let client = self.with_checked_session(|session| {
            self.check_request(session, &call.id, &call.method)?;
            Ok(Some(session.client.clone()))
        })?;
        call.client = client.unwrap_or_else(ClientInfo::unknown);
        if let Some(session) = &call.client.session {
            self.check_progress_token(|other| other.header(SESSION) == Some(session));
        }
        if !self.server.is_capable(call.era, &call.method) {
            return self.call_method(call);
        }
        let outcome = match &*call.method {
            "ping" => Ok(json!({})),
            "logging/setLevel" => self.set_level(&call.params),
            "resources/subscribe" => self.set_subscribed(&call.params, true),
            "resources/unsubscribe" => self.set_subscribed(&call.params, false),
            _ => return self.call_method(call),
        };
        Ok(self.respond(&call, outcome))
    }

    fn set_level(&self, params: &JsonObject) -> Result<Value, ErrorObject> {
        let level = LoggingLevel::from(self.string_param(params, "level")?);
        if severity(&level).is_none() {
            return Err(self.invalid_params("level"));
        }
        self.update_session(|session| session.client.log_level = Some(level));
        Ok(json!({}))
    }

    fn set_subscribed(&self, params: &JsonObject, wanted: bool) -> Result<Value, ErrorObject> {
        let uri = self.string_param(params, "uri")?;
        self.update_session(|session| {
            if wanted {
                session.subscribed.insert(uri.to_owned());
            } else {
                session.subscribed.remove(uri);
            }
        });
        Ok(json!({}))
    }

    /// Updates the session, if there is one.
    fn update_session(&self, update: impl FnOnce(&mut Session)) {
        if let Some(session) = self.request.header(SESSION) {
            // The session was checked before. If it has ended since then, there is nothing to
            // update.
            let _ = self.server.sessions.with_session(session, self.user.as_ref(), update);
        }
    }

    pub(crate) fn handle_notification(
        &self,
        method: &str,
        params: &JsonObject,
    ) -> Result<ExchangeResponse, Reply> {
        self.with_checked_session(|session| match method {
            "notifications/initialized" if !session.initialize() => {
                Err(self.invalid_request("session already initialized"))
            }
            _ => Ok(()),
        })?;
        if method == "notifications/cancelled" {
            self.cancel(params);
        }
        Ok(ExchangeResponse::Reply(Reply::status(202)))
    }

    /// Cancels a request (MCP utilities, "Cancellation"). An unknown id is not a violation, because
    /// the response may already be sent.
    fn cancel(&self, params: &JsonObject) {
        let id = params.get("requestId").and_then(|id| RequestId::deserialize(id).ok());
        let Some(id) = id else {
            return self.record_violation(r#""requestId" missing or invalid"#);
        };
        match self.server.in_flight.cancel(self.request.header(SESSION), &id) {
            Some(request) if request.method() == "initialize" => {
                self.record_violation(r#""initialize" must not be cancelled"#);
            }
            Some(request) => self.server.in_flight.record_cancelled(request),
            None => {}
        }
    }

    /// Accepts the response to a request of the server.
    pub(crate) fn handle_response(
        &self,
        id: Option<&RequestId>,
        response: ClientResponse,
    ) -> Result<ExchangeResponse, Reply> {
        self.with_checked_session(|_| Ok(()))?;
        let session = self.request.header(SESSION);
        if let Some(Err(fault)) =
            id.map(|id| self.server.server_requests.resolve(session, id, response))
        {
            return Err(self.invalid_request(fault));
        }
        Ok(ExchangeResponse::Reply(Reply::status(202)))
    }

    /// Opens a GET stream, or resumes a stream (MCP transports, "Listening" and "Resumability").
    pub(crate) fn open_get_stream(&self) -> Result<ExchangeResponse, Reply> {
        self.check_accept(EVENT_STREAM)?;
        self.with_checked_session(|_| Ok(()))?;
        let (streams, retry) = (&self.server.streams, self.server.config.retry);
        let session = self.request.header(SESSION);
        match self.request.header("last-event-id") {
            Some(id) if retry.is_some() => {
                let resumed = streams.resume(session, id);
                let fault = r#"header "last-event-id": unknown event id in this session"#;
                let (stream, position) = resumed.ok_or_else(|| self.invalid_request(fault))?;
                Ok(ExchangeResponse::Stream(stream, position))
            }
            _ if self.server.config.allow_get => {
                Ok(ExchangeResponse::Stream(streams.listen(session, retry), 0))
            }
            _ => Err(self.method_not_allowed()),
        }
    }

    pub(crate) fn end_session(&self) -> Result<ExchangeResponse, Reply> {
        self.with_checked_session(|session| {
            session.end();
            Ok(())
        })?;
        if let Some(session) = self.request.header(SESSION) {
            self.server.streams.close(session);
        }
        Ok(ExchangeResponse::Reply(Reply::status(204)))
    }

    /// Negotiates the protocol version (MCP lifecycle, "Version Negotiation") and starts a session.
    fn initialize(&self, id: RequestId, params: &JsonObject) -> Result<RpcResponse, Reply> {
        if self.request.header(SESSION).is_some() {
            return Err(self.invalid_request(r#"session id not allowed in "initialize""#));
        }
        if let Some(member) = missing_member(params) {
            return Ok(RpcResponse {
                id,
                outcome: Err(self.invalid_params(member)),
                session: None,
            });
        }
        let config = &self.server.config;
        let offered = &params["protocolVersion"];
        let supported =
            config.supported(Era::Stateful).find(|revision| offered == revision.as_str());
        let Some(revision) = supported.or_else(|| config.supported(Era::Stateful).next()) else {
            return Err(self.unsupported_version(offered));
        };
        let mut result = json!({
            "protocolVersion": revision.as_str(),
            "capabilities": self.server.capabilities(Era::Stateful),
            "serverInfo": config.server_info(),
        });
        if let Some(instructions) = &config.instructions {
            result["instructions"] = json!(instructions);
        }
        let sessions = &self.server.sessions;
        sessions.negotiated(revision);
        let capabilities = params["capabilities"].as_object().cloned().unwrap_or_default();
        let session = config
            .sessions
            .then(|| sessions.begin(self.user.clone(), revision, capabilities, id.clone()));
        Ok(RpcResponse { id, outcome: Ok(result), session })
    }

    /// Checks the session and version headers of a request after `initialize`, then runs `work` on
    /// the session, if the server has sessions.
    fn with_checked_session<T: Default>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, Reply>,
    ) -> Result<T, Reply> {
        let sessions = &self.server.sessions;
        match (self.server.config.sessions, self.request.header(SESSION)) {
            (false, None) => {
                self.check_version(&sessions.revisions())?;
                Ok(T::default())
            }
            (false, Some(_)) => {
                Err(self.invalid_request("session id not allowed: the server has no sessions"))
            }
            (true, None) => Err(self.invalid_request(r#"missing header "mcp-session-id""#)),
            (true, Some(id)) => sessions
                .with_session(id, self.user.as_ref(), |session| {
                    if !self.ends_unfinished(session) {
                        self.check_version(&[session.revision()])?;
                    }
                    work(session)
                })
                .unwrap_or_else(|reason| Err(self.session_error_reply(reason))),
        }
    }

    /// Returns `true` if the request ends a session whose client may not have read the negotiated
    /// version yet. It knows the session by a header, and the version is in the body.
    fn ends_unfinished(&self, session: &Session) -> bool {
        let has_version = self.request.header("mcp-protocol-version").is_some();
        self.request.http_method() == "DELETE" && !session.is_initialized() && !has_version
    }

    /// Checks that the version header is one of the `agreed` versions (MCP transports, "Protocol
    /// Version Header"). Versions before 2025-06-18 do not require it.
    fn check_version(&self, agreed: &[Revision]) -> Result<(), Reply> {
        if agreed.is_empty() {
            return Err(self.invalid_request(r#"request before "initialize""#));
        }
        match self.request.header("mcp-protocol-version") {
            Some(version) if agreed.iter().any(|it| it.as_str() == version) => Ok(()),
            Some(version) => {
                let what = format_args!(
                    r#"header "mcp-protocol-version": {version:?} was not negotiated"#
                );
                Err(self.invalid_request(what))
            }
            None if agreed.iter().any(|revision| *revision < Revision::V2025_06_18) => Ok(()),
            None => Err(self.invalid_request(r#"missing header "mcp-protocol-version""#)),
        }
    }

    fn check_request(
        &self,
        session: &mut Session,
        id: &RequestId,
        method: &str,
    ) -> Result<(), Reply> {
        if !session.use_id(id) {
            return Err(self.invalid_request(format_args!("duplicate request id {id}")));
        }
        if !session.is_initialized() && method != "ping" {
            return Err(self.invalid_request(r#"request before "notifications/initialized""#));
        }
        Ok(())
    }

    /// Rejects an invalid session with 404, so that the client starts a new one.
    fn session_error_reply(&self, reason: SessionError) -> Reply {
        let what = match reason {
            SessionError::EndedByServer => {
                return self.error_reply(404, error_code::INVALID_REQUEST, "session not found");
            }
            SessionError::EndedByClient => "session already ended by the client",
            SessionError::Unknown => "unknown session id",
            SessionError::OtherUser => "session of another user",
        };
        self.reject(404, error_code::INVALID_REQUEST, what)
    }

    fn invalid_request(&self, what: impl std::fmt::Display) -> Reply {
        self.reject(400, error_code::INVALID_REQUEST, what)
    }
}

/// Returns the first missing required member of `initialize`.
fn missing_member(params: &JsonObject) -> Option<&'static str> {
    let info = |member| params.get("clientInfo").and_then(|info| info.get(member));
    let needed = [
        ("protocolVersion", params.get("protocolVersion").is_some_and(Value::is_string)),
        ("capabilities", params.get("capabilities").is_some_and(Value::is_object)),
        ("clientInfo.name", info("name").is_some_and(Value::is_string)),
        ("clientInfo.version", info("version").is_some_and(Value::is_string)),
    ];
    needed.into_iter().find_map(|(member, present)| (!present).then_some(member))
}
