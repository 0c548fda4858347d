//! What goes over the wire, as `tracing` events of the target `mcp_http::wire` and level `TRACE`.
//!
//! Tokens, session ids and configured headers are never part of it; messages are, so the target is
//! for development.

use http::{HeaderMap, Method};
use tracing::{Level, enabled, event};

use crate::{endpoint::Endpoint, http_client::Response, token::AccessToken};

const TARGET: &str = "mcp_http::wire";

pub(crate) fn sent(method: &Method, endpoint: &Endpoint, headers: &HeaderMap, body: &[u8]) {
    if !enabled!(target: TARGET, Level::TRACE) {
        return;
    }
    event!(target: TARGET, Level::TRACE, "> {method} {endpoint}");
    header_lines(">", headers, None);
    self::body(">", body, None);
}

pub(crate) fn received(response: &Response, token: Option<&AccessToken>) {
    if !enabled!(target: TARGET, Level::TRACE) {
        return;
    }
    event!(target: TARGET, Level::TRACE, "< {}", response.status());
    header_lines("<", response.headers(), token);
}

/// A message; where one of the server's repeats the token, asterisks take its place.
pub(crate) fn body(direction: &str, body: &[u8], token: Option<&AccessToken>) {
    if !body.is_empty() && enabled!(target: TARGET, Level::TRACE) {
        event!(target: TARGET, Level::TRACE, "{direction} {}", AccessToken::hide(token, body));
    }
}

/// The headers that matter to the protocol.
fn header_lines(direction: &str, headers: &HeaderMap, token: Option<&AccessToken>) {
    for (name, value) in headers {
        let shown = match name.as_str() {
            "authorization" => "Bearer ****".to_owned(),
            "mcp-session-id" => "****".to_owned(),
            "accept" | "content-type" | "mcp-protocol-version" | "www-authenticate" => {
                AccessToken::hide(token, value.as_bytes())
            }
            _ => continue,
        };
        event!(target: TARGET, Level::TRACE, "{direction} {name}: {shown}");
    }
}
