//! Traces of requests and responses, as `tracing` events with the target `mcp_http::wire` and the
//! level `TRACE`.
//!
//! The events never contain the secrets of a request, even if a server echoes them. They contain the
//! beginnings of messages, so enable the target only for development.

use http::{HeaderMap, HeaderValue, Method};
use tracing::{Level, enabled, event};

use super::redaction::RequestSecrets;
use crate::{client::Response, endpoint::Endpoint};

const TARGET: &str = "mcp_http::wire";

pub(crate) fn trace_request(
    method: &Method,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &RequestSecrets,
) {
    if !enabled!(target: TARGET, Level::TRACE) {
        return;
    }
    // A redirect leads to a URL that the server has chosen, which may echo a secret.
    let url = endpoint.to_string();
    event!(target: TARGET, Level::TRACE, "> {method} {}", secrets.redactor().redact(&url));
    trace_headers(">", headers, secrets);
    trace_body(">", body, secrets);
}

pub(crate) fn trace_response(response: &Response, secrets: &RequestSecrets) {
    if !enabled!(target: TARGET, Level::TRACE) {
        return;
    }
    event!(target: TARGET, Level::TRACE, "< {}", response.status());
    trace_headers("<", response.headers(), secrets);
}

pub(super) fn trace_body(direction: &str, body: &[u8], secrets: &RequestSecrets) {
    if !body.is_empty() && enabled!(target: TARGET, Level::TRACE) {
        event!(target: TARGET, Level::TRACE, "{direction} {}", secrets.redactor().beginning(body));
    }
}

/// Traces the headers that are part of the protocol.
fn trace_headers(direction: &str, headers: &HeaderMap, secrets: &RequestSecrets) {
    for (name, value) in headers {
        let shown = match name.as_str() {
            "authorization" => redacted_authorization(value),
            "dpop" => "****".into(),
            "mcp-session-id" => "****".into(),
            "accept"
            | "content-type"
            | "mcp-method"
            | "mcp-name"
            | "mcp-protocol-version"
            | "www-authenticate" => secrets.redactor().beginning(value.as_bytes()),
            _ => continue,
        };
        event!(target: TARGET, Level::TRACE, "{direction} {name}: {shown}");
    }
}

/// Returns the scheme of the header, with the token redacted.
fn redacted_authorization(value: &HeaderValue) -> String {
    let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    format!("{} ****", String::from_utf8_lossy(scheme))
}
