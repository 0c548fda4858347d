//! The headers of a request: those of the transport and those of the caller.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use mcp_client::MessageContext;

use crate::error::Error;

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The content types that a client must accept (MCP basic/transports, "Sending Messages").
const ACCEPT_VALUE: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
/// The content type of a GET stream (MCP basic/transports, "Listening for Messages from the
/// Server").
pub(super) const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers that are reserved for the transport and the HTTP connection.
const RESERVED: [&str; 15] = [
    "accept",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Additional headers, such as those of one call: see [`HttpCallOptions`](crate::HttpCallOptions).
/// They replace configured headers with the same name.
///
/// The values count as secrets: `Debug` shows only the names. The headers are not validated here. A
/// call with invalid or reserved headers fails with [`Error::InvalidHeader`]. A call that would
/// send them unencrypted fails with [`Error::InsecureHttp`].
///
/// ```
/// let headers = mcp_http::Headers::new().with("X-Tenant", "blue").with("X-Tenant", "red");
/// assert_eq!(format!("{headers:?}"), r#"Headers(["X-Tenant", "X-Tenant"])"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Arc<Vec<(String, String)>>);

impl Headers {
    /// Creates an empty list of headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header. An earlier header with the same name is kept and sent too.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).push((name.into(), value.into()));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the values, and their parts that may be secret: the last word, as in `Token abc`, and
    /// the values of cookies.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(_, value)| {
            let last_word = value.split_whitespace().next_back();
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            let cookies = pairs.map(|(_, value)| value.trim());
            [value.as_str()].into_iter().chain(last_word).chain(cookies)
        })
    }

    /// Validates the headers and converts them.
    pub(super) fn to_header_map(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &*self.0 {
            let key = HeaderName::try_from(name).map_err(|_| Error::invalid_header_name(name))?;
            if RESERVED.contains(&key.as_str()) || key.as_str().starts_with("mcp-") {
                let reason = "the transport sets it";
                return Err(Error::InvalidHeader { name: name.clone(), reason });
            }
            let value = HeaderValue::try_from(value);
            let mut value = value.map_err(|_| Error::invalid_header_value(name))?;
            value.set_sensitive(true);
            headers.append(key, value);
        }
        Ok(headers)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|(name, _)| name).collect();
        f.debug_tuple("Headers").field(&names).finish()
    }
}

/// Returns the headers of every request to a server: the configured ones, and those of the
/// transport, which take precedence.
pub(crate) fn default_headers(configured: &Headers) -> Result<HeaderMap, Error> {
    let mut headers = configured.to_header_map()?;
    headers.insert(header::ACCEPT, ACCEPT_VALUE);
    Ok(headers)
}

/// Adds the protocol version and the session id.
pub(super) fn add_context(headers: &mut HeaderMap, context: &MessageContext) {
    if let Some(revision) = context.revision {
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(revision.as_str()));
    }
    let session = context.session.as_ref().map(|session| HeaderValue::from_str(session.expose()));
    if let Some(Ok(mut session)) = session {
        session.set_sensitive(true);
        headers.insert(SESSION_ID, session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_error(name: &str, value: &str) -> Option<String> {
        let configured = Headers::new().with(name, value);
        default_headers(&configured).err().map(|error| error.to_string())
    }

    #[test]
    fn configured_headers_are_kept_and_marked_sensitive() {
        let headers = default_headers(&Headers::new().with("X-Team", "blue")).unwrap();
        assert_eq!(headers["x-team"], "blue");
        assert!(headers["x-team"].is_sensitive());
        assert_eq!(headers["accept"], "application/json, text/event-stream"); // HTTP-02
    }

    #[test]
    fn the_session_is_marked_sensitive() {
        let mut headers = HeaderMap::new();
        let mut context = MessageContext::default();
        context.session = mcp_client::SessionId::new(b"abc");
        add_context(&mut headers, &context);
        assert_eq!(headers["mcp-session-id"], "abc"); // HTTP-24, HTTP-25
        assert!(headers["mcp-session-id"].is_sensitive());
    }

    #[test]
    fn rejects_reserved_and_invalid_headers_by_name() {
        for name in RESERVED.into_iter().chain(["MCP-Session-Id", "mcp-protocol-version", "Mcp-X"])
        {
            let error = header_error(name, "x").unwrap();
            assert!(error.contains(name) && error.contains("the transport sets it"), "{error}");
        }
        assert!(header_error("a b", "x").unwrap().contains("invalid header name"));
        assert!(header_error("x-a", "x\r\nX-Evil: 1").unwrap().contains("not allowed in a header"));
    }
}
