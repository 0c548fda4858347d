//! The replies of a good server, for requests that a case does not script.

use super::{
    reply::{Reply, accepted, body, json, result},
    request::Request,
    secrets::SESSION,
};

/// The path to which clients of HTTP+SSE send messages.
pub(super) const MESSAGES_PATH: &str = "/messages";

pub(super) fn default_reply(request: &Request) -> Reply {
    let [method, path, http] = request.names();
    match (method.as_str(), path.as_str(), http.as_str()) {
        (_, "resource metadata", _) => {
            json(r#"{"resource":"{origin}/mcp","authorization_servers":["{origin}"]}"#)
        }
        (_, "issuer metadata", _) => json(
            r#"{"issuer":"{origin}","authorization_endpoint":"{origin}/authorize",
                "token_endpoint":"{origin}/token","registration_endpoint":"{origin}/register",
                "code_challenge_methods_supported":["S256"]}"#,
        ),
        (_, "/register", _) => body(
            201,
            "application/json",
            r#"{"client_id":"registered","client_secret":"{secrets}"}"#,
        ),
        (_, "/token", _) => json(
            r#"{"access_token":"5ecret-access","refresh_token":"5ecret-refresh",
                "token_type":"Bearer","expires_in":3600}"#,
        ),
        ("", _, "GET") => body(405, "text/plain", ""),
        ("" | "response", _, _) => accepted(),
        ("server/discover", _, _) => body(400, "text/plain", "unknown"),
        ("initialize", _, _) => result(
            r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},
                "serverInfo":{"name":"hostile","version":"1"}}"#,
        )
        .header("mcp-session-id", SESSION),
        ("tools/list", _, _) => {
            result(r#"{"tools":[{"name":"add","inputSchema":{"type":"object"}}]}"#)
        }
        ("tools/call", _, _) => {
            result(r#"{"resultType":"complete","content":[{"type":"text","text":"3"}]}"#)
        }
        (method, _, _) if method.starts_with("notifications/") => accepted(),
        _ => result("{}"),
    }
}
