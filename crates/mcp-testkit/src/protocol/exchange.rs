//! An HTTP request that is being handled, and its error responses.

use std::fmt;

use mcp_types::{Era, ErrorObject, error_code};
use serde_json::json;

use crate::{
    base::{JSON, RecordedRequest, User},
    catalog::invalid_params_error,
    http::Reply,
    state::ServerState,
};

/// An HTTP request that is being handled.
///
/// If a method returns `Err(Reply)`, the request is rejected with this reply.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) server: &'a ServerState,
    pub(crate) request: &'a RecordedRequest,
    pub(crate) user: Option<User>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(server: &'a ServerState, request: &'a RecordedRequest) -> Self {
        Self { server, request, user: None }
    }

    pub(crate) fn check_accept(&self, media_type: &str) -> Result<(), Reply> {
        if self.request.has_media_type("accept", media_type) {
            return Ok(());
        }
        let what = format_args!(r#"header "accept" does not contain {media_type:?}"#);
        Err(self.reject(406, error_code::INVALID_REQUEST, what))
    }

    pub(crate) fn method_not_allowed(&self) -> Reply {
        let config = &self.server.config;
        let stateful = config.supports(Era::Stateful);
        let get = (stateful && config.allow_get).then_some("GET");
        let delete = (stateful && config.sessions && config.allow_delete).then_some("DELETE");
        let allowed = ["POST"].into_iter().chain(get).chain(delete).collect::<Vec<_>>();
        Reply::status(405).header("allow", &allowed.join(", "))
    }

    /// Records a protocol violation, and returns its error response.
    pub(crate) fn reject(&self, status: u16, code: i64, what: impl fmt::Display) -> Reply {
        self.record_violation(&what);
        self.error_reply(status, code, what)
    }

    /// Records a protocol violation.
    pub(crate) fn record_violation(&self, what: impl fmt::Display) {
        self.server.log.record_violation(format!("{}: {what}", self.request.method()));
    }

    /// Returns a JSON-RPC error response, with the id of the request if it has one.
    pub(crate) fn error_reply(&self, status: u16, code: i64, what: impl fmt::Display) -> Reply {
        self.error_object_reply(
            status,
            &ErrorObject { code, message: what.to_string(), data: None },
        )
    }

    /// Returns a JSON-RPC error response. The error can have data.
    pub(crate) fn error_object_reply(&self, status: u16, error: &ErrorObject) -> Reply {
        let mut message = json!({ "jsonrpc": "2.0", "error": error });
        if let Some(id) = self.request.rpc_method().and(self.request.id()) {
            message["id"] = json!(id);
        }
        Reply::status(status).header("content-type", JSON).chunk(message.to_string())
    }

    pub(crate) fn invalid_params(&self, member: &str) -> ErrorObject {
        self.record_violation(format_args!("{member:?} missing or invalid"));
        invalid_params_error(format!("Invalid {member}"))
    }
}
