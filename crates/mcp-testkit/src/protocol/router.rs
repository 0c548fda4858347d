//! Routes an HTTP request, and checks what HTTP demands of it.

use mcp_types::{Era, Incoming, JsonObject, error_code};
use serde_json::{Value, value::RawValue};

use super::{answer::Answer, exchange::Exchange};
use crate::{
    base::{EVENT_STREAM, JSON, METADATA_PATH, PATH},
    http::Reply,
    state::{Call, Client},
};

impl Exchange<'_> {
    pub(crate) fn answer(mut self) -> Answer {
        self.route().unwrap_or_else(Answer::Reply)
    }

    fn route(&mut self) -> Result<Answer, Reply> {
        let path = self.request.path();
        if path.strip_prefix(METADATA_PATH).is_some_and(|of| of.is_empty() || of == PATH) {
            return self.metadata();
        }
        if path != PATH {
            return Err(Reply::status(404));
        }
        self.check_origin()?;
        self.user = self.server.guard.check(self.request)?;
        let config = &self.server.config;
        let handshake = config.speaks(Era::Handshake);
        match self.request.http_method() {
            "POST" => self.post(),
            "GET" | "DELETE" if !handshake => {
                self.note("the revision has nothing but POST");
                Err(self.not_allowed())
            }
            "GET" if config.allow_get || config.retry.is_some() => self.listen(),
            "DELETE" if config.sessions && config.allow_delete => self.end_session(),
            _ => Err(self.not_allowed()),
        }
    }

    /// Publishes the resource metadata (RFC 9728, section 3), which needs no token.
    fn metadata(&self) -> Result<Answer, Reply> {
        let metadata = self.server.guard.metadata(&self.server.url);
        let metadata = metadata.ok_or_else(|| Reply::status(404))?;
        match self.request.http_method() {
            "GET" => Ok(Answer::Reply(Reply::json(&metadata))),
            _ => Err(Reply::status(405).header("allow", "GET")),
        }
    }

    /// Keeps out web pages that reach for loopback (MCP transports, "Security Warning").
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
        Err(self.refusal(403, error_code::INVALID_REQUEST, "this origin is not allowed"))
    }

    fn post(&self) -> Result<Answer, Reply> {
        for media_type in [JSON, EVENT_STREAM] {
            self.check_accept(media_type)?;
        }
        if !self.request.names("content-type", JSON) {
            let what = format_args!("Content-Type is not {JSON}");
            return Err(self.violation(415, error_code::INVALID_REQUEST, what));
        }
        let Some(json) = self.request.json() else {
            return Err(self.violation(400, error_code::PARSE_ERROR, "the body is not JSON"));
        };
        if json.is_array() {
            let what = "an array of messages in place of one";
            return Err(self.violation(400, error_code::INVALID_REQUEST, what));
        }
        // Those who read messages are lenient with them, but they are not to be sent.
        for (member, what) in
            [("id", "a request whose id is null"), ("params", "params is not an object")]
        {
            if json.get("method").is_some() && json.get(member).is_some_and(Value::is_null) {
                return Err(self.violation(400, error_code::INVALID_REQUEST, what));
            }
        }
        let message = serde_json::from_slice::<Incoming<Value>>(self.request.body())
            .map_err(|error| self.violation(400, error_code::INVALID_REQUEST, error))?;
        let era = self.era()?;
        match message {
            Incoming::Request { id, method, params } => {
                let params = self.object(params.as_deref())?;
                let (user, client) = (self.user.clone(), Client::default());
                let call = Call { era, id, method, params, user, client };
                match era {
                    Era::Handshake => self.answer_request(call),
                    Era::PerRequest => self.answer_complete_request(call),
                }
            }
            Incoming::Notification { method, params } => {
                let params = self.object(params.as_deref())?;
                match era {
                    Era::Handshake => self.accept_notification(&method, &params),
                    Era::PerRequest => Ok(self.ignore_notification()),
                }
            }
            Incoming::Result { .. } | Incoming::Error { .. } if era == Era::PerRequest => {
                Err(self.refuse_response())
            }
            Incoming::Result { id, result } => self.accept_response(Some(&id), Ok(result)),
            Incoming::Error { id, error } => self.accept_response(id.as_ref(), Err(error)),
        }
    }

    fn object(&self, params: Option<&RawValue>) -> Result<JsonObject, Reply> {
        let params = params.map_or("{}", RawValue::get);
        serde_json::from_str(params).map_err(|_| {
            self.violation(400, error_code::INVALID_REQUEST, "params is not an object")
        })
    }
}
