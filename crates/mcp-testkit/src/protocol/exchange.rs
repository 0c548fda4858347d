//! What HTTP demands of a request, before the era of the protocol matters.

use std::fmt;

use mcp_types::{Era, ErrorObject, error_code};
use serde_json::json;

use crate::{
    base::{JSON, Recorded, User},
    catalog::invalid,
    http::Reply,
    state::Shared,
};

/// A request while it is handled.
///
/// An `Err` is a refusal: an HTTP answer that ends the handling.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) server: &'a Shared,
    pub(crate) request: &'a Recorded,
    pub(crate) user: Option<User>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(server: &'a Shared, request: &'a Recorded) -> Self {
        Self { server, request, user: None }
    }

    pub(crate) fn check_accept(&self, media_type: &str) -> Result<(), Reply> {
        if self.request.names("accept", media_type) {
            return Ok(());
        }
        let what = format_args!("Accept does not name {media_type}");
        Err(self.violation(406, error_code::INVALID_REQUEST, what))
    }

    pub(crate) fn not_allowed(&self) -> Reply {
        let config = &self.server.config;
        let handshake = config.speaks(Era::Handshake);
        let get = (handshake && config.allow_get).then_some("GET");
        let delete = (handshake && config.sessions && config.allow_delete).then_some("DELETE");
        let allowed = ["POST"].into_iter().chain(get).chain(delete).collect::<Vec<_>>();
        Reply::status(405).header("allow", &allowed.join(", "))
    }

    /// Refuses what is against the protocol, and remembers it.
    pub(crate) fn violation(&self, status: u16, code: i64, what: impl fmt::Display) -> Reply {
        self.note(&what);
        self.refusal(status, code, what)
    }

    /// Remembers what is against the protocol.
    pub(crate) fn note(&self, what: impl fmt::Display) {
        self.server.log.violation(format!("{}: {what}", self.request.method()));
    }

    /// A refusal with a JSON-RPC error, which has the id of the request if it is one.
    pub(crate) fn refusal(&self, status: u16, code: i64, what: impl fmt::Display) -> Reply {
        self.refuse(status, &ErrorObject { code, message: what.to_string(), data: None })
    }

    /// A refusal that may come with data.
    pub(crate) fn refuse(&self, status: u16, error: &ErrorObject) -> Reply {
        let mut message = json!({ "jsonrpc": "2.0", "error": error });
        if let Some(id) = self.request.rpc_method().and(self.request.id()) {
            message["id"] = json!(id);
        }
        Reply::status(status).header("content-type", JSON).chunk(message.to_string())
    }

    pub(crate) fn invalid_params(&self, member: &str) -> ErrorObject {
        self.note(format_args!("{member} is missing or of the wrong type"));
        invalid(format!("Invalid {member}"))
    }
}
