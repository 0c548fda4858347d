//! The headers of a request: the transport's own, and those of the configuration.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use mcp_client::Context;

use crate::error::Error;

pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(crate) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Both kinds of answer that a client has to take (MCP basic/transports, "Sending Messages").
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers that the transport or the HTTP connection sets, and no configuration.
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

/// What every request to a server carries: the transport's own headers over the configured ones.
pub(crate) fn constant(configured: &[(String, String)]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in configured {
        let invalid = |reason| Error::InvalidHeader { name: name.clone(), reason };
        let key = HeaderName::try_from(name).map_err(|_| invalid("it is no header name"))?;
        if RESERVED.contains(&key.as_str()) || key.as_str().starts_with("mcp-") {
            return Err(invalid("the transport sets it"));
        }
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| invalid("its value holds a character that no header carries"))?;
        value.set_sensitive(true);
        headers.append(key, value);
    }
    headers.insert(header::ACCEPT, ACCEPTED);
    headers.insert(header::CONTENT_TYPE, JSON);
    Ok(headers)
}

/// Adds what belongs to the conversation.
pub(crate) fn add_context(headers: &mut HeaderMap, context: &Context) {
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

    fn refusal(name: &str, value: &str) -> Option<String> {
        let configured = [(name.to_owned(), value.to_owned())];
        constant(&configured).err().map(|error| error.to_string())
    }

    #[test]
    fn configured_headers_are_kept_and_hidden() {
        let headers = constant(&[("X-Team".to_owned(), "blue".to_owned())]).unwrap();
        assert_eq!(headers["x-team"], "blue");
        assert!(headers["x-team"].is_sensitive());
        assert_eq!(headers["accept"], "application/json, text/event-stream"); // HTTP-02
        assert_eq!(headers["content-type"], "application/json"); // HTTP-03
    }

    #[test]
    fn reserved_and_broken_headers_are_refused_by_name() {
        for name in RESERVED.into_iter().chain(["MCP-Session-Id", "mcp-protocol-version", "Mcp-X"])
        {
            let error = refusal(name, "x").unwrap();
            assert!(error.contains(name) && error.contains("the transport sets it"), "{error}");
        }
        assert!(refusal("a b", "x").unwrap().contains("no header name"));
        assert!(refusal("x-a", "x\r\nX-Evil: 1").unwrap().contains("no header carries"));
    }
}
