//! An HTTP request without its access token.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use mcp_client::{
    Extensions, LastFailure, MessageContext, OutgoingMessage, RequestHeaders, SentFlag,
};

use super::{
    headers::{self, Headers},
    standard_headers,
};
use crate::{endpoint::Endpoint, error::Error};

/// An HTTP request. If the server rejects its token, it is sent again with another one.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) body: Bytes,
    pub(crate) context: MessageContext,
    pub(crate) sent: SentFlag,
    pub(crate) extensions: Extensions,
    /// The record of failures to reopen the response stream.
    pub(crate) last_failure: Option<LastFailure>,
    /// The URL to send to. `None` for the endpoint of the server.
    pub(crate) target: Option<Endpoint>,
    /// The time limit for the headers of the response, if it is shorter than that of the call. It
    /// does not include the time for a token.
    pub(crate) headers_timeout: Option<Duration>,
    request_headers: Option<RequestHeaders>,
    last_event_id: Option<HeaderValue>,
}

impl Request {
    /// Creates a request that sends a message to the server.
    pub(crate) fn post(message: OutgoingMessage) -> Self {
        let OutgoingMessage {
            body, context, sent, request_headers, last_failure, extensions, ..
        } = message;
        let method = Method::POST;
        Self {
            method,
            body,
            context,
            sent,
            extensions,
            last_failure,
            target: None,
            headers_timeout: None,
            request_headers,
            last_event_id: None,
        }
    }

    /// Creates a request that sends a message to a URL that the server has named. The URL must have
    /// the same origin.
    pub(crate) fn post_to(target: Endpoint, message: OutgoingMessage) -> Self {
        Self { target: Some(target), ..Self::post(message) }
    }

    /// Creates a request that opens an event stream. With `last_event_id`, the stream starts after
    /// that event.
    pub(crate) fn get(
        context: MessageContext,
        extensions: Extensions,
        last_event_id: Option<HeaderValue>,
    ) -> Self {
        Self { extensions, last_event_id, ..Self::without_body(Method::GET, context) }
    }

    /// Sets the time limit for the headers of the response.
    pub(crate) fn with_headers_timeout(self, timeout: Duration) -> Self {
        Self { headers_timeout: Some(timeout), ..self }
    }

    /// Creates a request that ends the session of `context`.
    pub(crate) fn delete(context: MessageContext) -> Self {
        Self::without_body(Method::DELETE, context)
    }

    fn without_body(method: Method, context: MessageContext) -> Self {
        Self {
            method,
            body: Bytes::new(),
            context,
            sent: SentFlag::default(),
            extensions: Extensions::default(),
            last_failure: None,
            target: None,
            headers_timeout: None,
            request_headers: None,
            last_event_id: None,
        }
    }

    /// Returns the caller's headers for this request only.
    pub(crate) fn call_headers(&self) -> Option<&Headers> {
        self.extensions.get().filter(|headers: &&Headers| !headers.is_empty())
    }

    /// Returns all headers except the token: `defaults` and those of this request, which take
    /// precedence.
    pub(crate) fn headers(&self, defaults: &HeaderMap) -> Result<HeaderMap, Error> {
        let mut headers = defaults.clone();
        match self.method {
            Method::POST => drop(headers.insert(header::CONTENT_TYPE, headers::JSON)),
            Method::GET => drop(headers.insert(header::ACCEPT, headers::EVENT_STREAM)),
            _ => {}
        }
        if let Some(id) = &self.last_event_id {
            headers.insert(headers::LAST_EVENT_ID, id.clone());
        }
        headers::add_context(&mut headers, &self.context);
        if let Some(request_headers) = &self.request_headers {
            standard_headers::add(&mut headers, request_headers)?;
        }
        if let Some(headers_of_call) = self.call_headers() {
            headers.extend(headers_of_call.to_header_map()?);
        }
        Ok(headers)
    }
}
