//! One HTTP request without its access token.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use mcp_client::{Extensions, MessageContext, OutgoingMessage, RequestHeaders, SentFlag};

use super::{
    headers::{self, Headers},
    standard_headers,
};
use crate::{endpoint::Endpoint, error::Error};

/// One HTTP request. It is sent with one token and, if the server rejects that, with another.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) body: Bytes,
    pub(crate) context: MessageContext,
    pub(crate) sent: SentFlag,
    pub(crate) extras: Extensions,
    /// The URL to send to, if not the endpoint of the server.
    pub(crate) target: Option<Endpoint>,
    routing: Option<RequestHeaders>,
    last_event_id: Option<HeaderValue>,
}

impl Request {
    /// Sends a message to the server.
    pub(crate) fn post(message: OutgoingMessage) -> Self {
        let OutgoingMessage {
            body,
            context,
            sent,
            request_headers: routing,
            extensions: extras,
            ..
        } = message;
        let method = Method::POST;
        Self { method, body, context, sent, extras, target: None, routing, last_event_id: None }
    }

    /// Sends a message to a URL of the same origin that the server has named.
    pub(crate) fn post_to(target: Endpoint, message: OutgoingMessage) -> Self {
        Self { target: Some(target), ..Self::post(message) }
    }

    /// Opens an event stream, after the event with `last_event_id` if there is one.
    pub(crate) fn get(
        context: MessageContext,
        extras: Extensions,
        last_event_id: Option<HeaderValue>,
    ) -> Self {
        Self { extras, last_event_id, ..Self::without_body(Method::GET, context) }
    }

    /// Ends the session of `context`.
    pub(crate) fn delete(context: MessageContext) -> Self {
        Self::without_body(Method::DELETE, context)
    }

    fn without_body(method: Method, context: MessageContext) -> Self {
        Self {
            method,
            body: Bytes::new(),
            context,
            sent: SentFlag::default(),
            extras: Extensions::default(),
            target: None,
            routing: None,
            last_event_id: None,
        }
    }

    /// The caller's headers for this request only.
    pub(crate) fn call_headers(&self) -> Option<&Headers> {
        self.extras.get().filter(|headers: &&Headers| !headers.is_empty())
    }

    /// Returns `defaults` and the headers of this request, which take precedence, without the
    /// token.
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
        if let Some(routing) = &self.routing {
            standard_headers::add(&mut headers, routing)?;
        }
        if let Some(headers_of_call) = self.call_headers() {
            headers.extend(headers_of_call.to_header_map()?);
        }
        Ok(headers)
    }
}
