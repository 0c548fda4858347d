//! Agreeing on a stateful protocol version.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Script, ScriptedServer, describe_result, error, initialize_response, status};

/// A server that responds to `initialize` with `version` and assigns a session.
async fn server_with_version(version: &str) -> ScriptedServer {
    let opening = initialize_response(version).header("mcp-session-id", "s");
    Script::new().on("initialize", opening).start().await
}

#[tokio::test]
async fn server_chooses_among_the_supported_versions() {
    // LIFE-02, LIFE-03, HTTP-30: the header contains the negotiated version
    let mut outlines = String::new();
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let server = server_with_version(version).await;
        let client = server.client();
        assert_eq!(client.connect().await.unwrap().revision.as_str(), version);
        client.call_tool("add", ()).await.unwrap();
        client.close().await.unwrap();
        outlines += &server.request_log().await;
        outlines += "\n";
    }
    assert_snapshot!(outlines, @"
    initialize 1, [alice]
    notifications/initialized, [alice], s, 2025-11-25
    tools/call 2, [alice], s, 2025-11-25
    DELETE, [alice], s, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], s, 2025-06-18
    tools/call 2, [alice], s, 2025-06-18
    DELETE, [alice], s, 2025-06-18
    initialize 1, [alice]
    notifications/initialized, [alice], s, 2025-03-26
    tools/call 2, [alice], s, 2025-03-26
    DELETE, [alice], s, 2025-03-26
    initialize 1, [alice]
    notifications/initialized, [alice], s, 2024-11-05
    tools/call 2, [alice], s, 2024-11-05
    DELETE, [alice], s, 2024-11-05
    ");
}

#[tokio::test]
async fn unsupported_version_ends_the_session_with_an_error() {
    // LIFE-04, LIFE-15, HTTP-29
    let mut shown = String::new();
    for version in ["2026-07-28", "2024-10-07", "1.0", ""] {
        let server = server_with_version(version).await;
        shown += &describe_result(server.client().list_tools().await);
        shown += &format!("\n{}\n", server.request_log().await);
    }
    assert_snapshot!(shown, @"
    cannot agree on a protocol version: the server supports 2026-07-28; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    initialize 1, [alice]
    DELETE, [alice], s, 2025-11-25
    cannot agree on a protocol version: the server supports 2024-10-07; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    initialize 1, [alice]
    DELETE, [alice], s, 2025-11-25
    cannot agree on a protocol version: the server supports (invalid); this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    initialize 1, [alice]
    DELETE, [alice], s, 2025-11-25
    cannot agree on a protocol version: the server supports (none named); this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    initialize 1, [alice]
    DELETE, [alice], s, 2025-11-25
    ");
}

#[tokio::test]
async fn unsupported_version_is_reported_even_if_delete_fails() {
    let opening = initialize_response("2099-01-01").header("mcp-session-id", "s");
    let server = Script::new().on("initialize", opening).on("DELETE", status(500)).start().await;
    assert_snapshot!(describe_result(server.client().list_tools().await), @"
    cannot agree on a protocol version: the server supports 2099-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    ");
}

#[tokio::test]
async fn error_listing_supported_versions_is_a_version_error() {
    // LIFE-16; the codes of later versions mean the same
    let mut shown = String::new();
    let supported = json!({ "supported": ["2023-01-01", "2024-01-01"], "requested": "2025-11-25" });
    for (code, status, data) in [
        (-32602, 200, supported.clone()),
        (-32602, 400, supported.clone()),
        (-32022, 400, supported),
        (-32602, 200, json!({ "supported": [] })),
        (-32602, 200, json!({ "supported": "2023-01-01" })),
        (-32602, 200, Value::Null),
    ] {
        let refusal = error(code, "Unsupported protocol version", &data).with_status(status);
        let server = Script::new().on("initialize", refusal).start().await;
        shown += &describe_result(server.client().list_tools().await);
        shown += "\n";
        assert_eq!(server.request_log().await, "initialize 1, [alice]");
    }
    assert_snapshot!(shown, @r#"
    cannot agree on a protocol version: the server supports 2023-01-01, 2024-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    cannot agree on a protocol version: the server supports 2023-01-01, 2024-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    cannot agree on a protocol version: the server supports 2023-01-01, 2024-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    cannot agree on a protocol version: the server supports (none named); this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    "initialize" failed: Unsupported protocol version (code -32602), data {"supported":"2023-01-01"}
    -> Rpc, did not run
    "initialize" failed: Unsupported protocol version (code -32602)
    -> Rpc, did not run
    "#);
}
