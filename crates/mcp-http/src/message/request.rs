//! What is asked of a server over HTTP, but for the token.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use mcp_client::{Context, Extras, Outgoing, Routing, Sent};

use super::{
    headers::{self, Headers},
    standard_headers,
};
use crate::{endpoint::Endpoint, error::Error};

/// One HTTP request, which may be sent with one token and, if that is refused, with another.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) body: Bytes,
    pub(crate) context: Context,
    pub(crate) sent: Sent,
    pub(crate) extras: Extras,
    /// Where it goes, if not to the server's own URL.
    pub(crate) target: Option<Endpoint>,
    routing: Option<Routing>,
    last_event_id: Option<HeaderValue>,
}

impl Request {
    /// Hands a message to the server.
    pub(crate) fn post(message: Outgoing) -> Self {
        let Outgoing { body, context, sent, routing, extras, .. } = message;
        let method = Method::POST;
        Self { method, body, context, sent, extras, target: None, routing, last_event_id: None }
    }

    /// Hands a message to the server at a URL that it has named, which is of the same origin.
    pub(crate) fn post_to(target: Endpoint, message: Outgoing) -> Self {
        Self { target: Some(target), ..Self::post(message) }
    }

    /// Opens a stream of events, from the one after this event if there is one.
    pub(crate) fn get(
        context: Context,
        extras: Extras,
        last_event_id: Option<HeaderValue>,
    ) -> Self {
        Self { extras, last_event_id, ..Self::without_body(Method::GET, context) }
    }

    /// Ends the session of `context`.
    pub(crate) fn delete(context: Context) -> Self {
        Self::without_body(Method::DELETE, context)
    }

    fn without_body(method: Method, context: Context) -> Self {
        Self {
            method,
            body: Bytes::new(),
            context,
            sent: Sent::default(),
            extras: Extras::default(),
            target: None,
            routing: None,
            last_event_id: None,
        }
    }

    /// The headers of the user's own that only this request has.
    pub(crate) fn call_headers(&self) -> Option<&Headers> {
        self.extras.get().filter(|headers: &&Headers| !headers.is_empty())
    }

    /// All headers but the token, over those that every message to the server carries.
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
