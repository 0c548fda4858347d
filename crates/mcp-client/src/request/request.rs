//! A request from a caller.

use std::{borrow::Cow, sync::atomic::AtomicBool};

use mcp_types::{Method, v2026_07_28::CallToolRequest};

use super::{
    attempts::Attempts, deadline::Deadline, limits::DEFAULT_MAX_SERVER_REQUESTS,
    options::CallOptions, server_requests::ServerRequests,
};
use crate::transport::SentFlag;

/// The name of a method. Owned for methods of extensions.
pub(crate) type MethodName = Cow<'static, str>;

/// A request from a caller, before a protocol version handler sends it.
pub(crate) struct Request<'a, P> {
    pub(crate) method: MethodName,
    /// Serializes as an object without `_meta`.
    pub(crate) params: &'a P,
    /// The name of the tool or prompt, or the URI of the resource. Stateless versions send it as a
    /// header.
    pub(crate) target: Option<&'a str>,
    /// The names and values of the parameter headers.
    pub(crate) param_headers: Vec<(String, String)>,
    pub(crate) options: Option<&'a CallOptions>,
    pub(crate) deadline: &'a Deadline,
    /// The flag of the message that was sent last.
    pub(crate) sent: SentFlag,
    /// True if the server has required input for the request.
    pub(crate) input_was_required: AtomicBool,
    /// The requests that the server sends during this one.
    pub(crate) server_requests: ServerRequests,
}

impl<'a, P> Request<'a, P> {
    pub(crate) fn new(method: MethodName, params: &'a P, deadline: &'a Deadline) -> Self {
        Self {
            method,
            params,
            target: None,
            param_headers: Vec::new(),
            options: None,
            deadline,
            sent: SentFlag::default(),
            input_was_required: AtomicBool::new(false),
            server_requests: ServerRequests::new(DEFAULT_MAX_SERVER_REQUESTS),
        }
    }

    /// Returns whether the server is asked for progress: for a tool call, whose timeout progress
    /// extends, and for any request whose caller listens.
    pub(crate) fn wants_progress(&self) -> bool {
        self.method == CallToolRequest::NAME
            || self.options.is_some_and(|options| options.on_progress.is_some())
    }

    /// Returns whether the caller allows that the request is sent again.
    pub(crate) fn may_repeat(&self) -> bool {
        self.attempts().is_none_or(|attempts| attempts.remaining() > 0)
    }

    /// Counts that the request is sent.
    pub(crate) fn record_attempt(&self) {
        if let Some(attempts) = self.attempts() {
            attempts.record();
        }
    }

    fn attempts(&self) -> Option<&Attempts> {
        self.options.and_then(|options| options.attempts.as_ref())
    }
}
