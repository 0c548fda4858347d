//! 401 and 403 responses that ask for a token or for a wider scope.

use insta::assert_snapshot;
use mcp_http::{HttpTransport, Unauthorized, UnauthorizedReason};

use crate::support::{
    ErrorReport, Script, ScriptedResponse, describe_error, describe_result, error, stateful_client,
    status,
};

/// Describes an error, with its reason and its challenges.
fn describe_unauthorized(error: &impl ErrorReport) -> String {
    let Some(unauthorized) = Unauthorized::find_in(error) else { return describe_error(error) };
    let mut shown = format!("{}\n  {:?}", describe_error(error), unauthorized.reason);
    for challenge in &unauthorized.challenges {
        shown +=
            &format!("\n  {} {:?} {:?}", challenge.scheme, challenge.token68, challenge.params);
    }
    shown
}

fn status_401(value: &'static str) -> ScriptedResponse {
    status(401).header("www-authenticate", value)
}

#[tokio::test]
async fn a_401_is_unauthorized_on_every_request() {
    // AUTH-07, AUTH-08: whatever the request
    let mut shown = String::new();
    for method in ["initialize", "notifications/initialized", "tools/list", "tools/call", "DELETE"]
    {
        let server =
            Script::new().on(method, status_401("Bearer error=invalid_token")).start().await;
        let client = server.client();
        let listed = client.list_tools().await.map(drop);
        let called = client.call_tool("add", ()).await.map(drop);
        let closed = client.close().await;
        let failed = [listed, called, closed].into_iter().find_map(Result::err).unwrap();
        assert!(Unauthorized::find_in(&failed).is_some() && failed.did_not_run());
        let mut sent = server.request_log().await;
        if method == "notifications/initialized" {
            // The half-opened session is deleted, at an unspecified time.
            server.wait_for_requests("DELETE", 2).await;
            sent = sent
                .lines()
                .filter(|line| !line.starts_with("DELETE"))
                .collect::<Vec<_>>()
                .join("\n");
        }
        shown += &format!("{method}: {}\n{sent}\n", describe_error(&failed));
    }
    assert_snapshot!(shown, @"
    initialize: [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    initialize 1, [alice]
    initialize 1, [alice]
    notifications/initialized: [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/list: [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    tools/call: [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    DELETE: [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn a_401_without_a_challenge_is_unauthorized() {
    // AUTH-12: with and without a token
    let server = Script::new().on("initialize", status(401).body("<html>login")).start().await;
    assert_snapshot!(describe_unauthorized(&server.client().list_tools().await.unwrap_err()), @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
    ");
    let without = HttpTransport::builder(server.url()).build().unwrap();
    assert_snapshot!(describe_unauthorized(&stateful_client(without).list_tools().await.unwrap_err()), @"
    [server]/mcp requires an access token
    -> Unauthorized, did not run
      Missing
    ");
}

#[tokio::test]
async fn json_rpc_error_body_does_not_hide_a_401() {
    let body = error(-32001, "Unauthorized", &serde_json::Value::Null);
    let response = body.with_status(401).header("www-authenticate", "Bearer scope=\"a b\"");
    let server = Script::new().on("tools/list", response).start().await;
    assert_snapshot!(describe_unauthorized(&server.client().list_tools().await.unwrap_err()), @r#"
    [server]/mcp rejected the access token; required scope "a b"
    -> Unauthorized, did not run
      Rejected
      Bearer None [("scope", "a b")]
    "#);
}

#[tokio::test]
async fn all_challenges_are_parsed() {
    // AUTH-09: several header lines, several challenges per line, any case and order
    let response = status(401)
        .header("www-authenticate", "Negotiate YII=, Basic realm=\"a, b\"")
        .header("www-authenticate", "DPoP algs=\"ES256\"")
        .header("www-authenticate", "bearer Scope = \"x y\" , ERROR=invalid_token,error_description=\"it \\\"expired\\\"\", Resource_Metadata=\"https://a.example/.well-known/oauth-protected-resource\"");
    let server = Script::new().on("initialize", response).start().await;
    let error = server.client().list_tools().await.unwrap_err();
    assert_snapshot!(describe_unauthorized(&error), @r#"
    [server]/mcp rejected the access token (it "expired"); required scope "x y"
    -> Unauthorized, did not run
      Rejected
      Negotiate Some("YII=") []
      Basic None [("realm", "a, b")]
      DPoP None [("algs", "ES256")]
      bearer None [("Scope", "x y"), ("ERROR", "invalid_token"), ("error_description", "it \"expired\""), ("Resource_Metadata", "https://a.example/.well-known/oauth-protected-resource")]
    "#);
    let challenge = Unauthorized::find_in(&error).unwrap().challenge().unwrap();
    assert_eq!(challenge.scope(), Some("x y"));
    assert_eq!(challenge.error(), Some("invalid_token"));
    assert_eq!(challenge.error_description(), Some("it \"expired\""));
    let metadata = "https://a.example/.well-known/oauth-protected-resource";
    assert_eq!(challenge.resource_metadata(), Some(metadata));
}

#[tokio::test]
async fn malformed_challenges_do_not_hide_a_401() {
    let mut shown = String::new();
    for value in ["", "Bearer", "Bearer error=", "=,=", "Bearer error=\"open", "\u{e9}\u{1f600}"] {
        let server = Script::new().on("initialize", status_401(value)).start().await;
        shown += &describe_unauthorized(&server.client().list_tools().await.unwrap_err());
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
      Bearer None []
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
      Bearer Some("error=") []
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
      Bearer None []
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
      Rejected
    "#);
}

#[tokio::test]
async fn insufficient_scope_is_a_reason_of_its_own() {
    // AUTH-37
    let challenge = r#"Bearer error="insufficient_scope", scope="files:write", resource_metadata="https://a.example/x", error_description="more, please""#;
    let response = status(403).header("www-authenticate", challenge);
    let server = Script::new().on("tools/call", response).start().await;
    let error = server.client().call_tool("add", ()).await.unwrap_err();
    assert_snapshot!(describe_unauthorized(&error), @r#"
    [server]/mcp requires an access token with a wider scope (more, please); required scope "files:write"
    -> Unauthorized, did not run
      InsufficientScope
      Bearer None [("error", "insufficient_scope"), ("scope", "files:write"), ("resource_metadata", "https://a.example/x"), ("error_description", "more, please")]
    "#);
    // AUTH-40: the same token is not tried again
    assert_eq!(server.requests_of("tools/call").await.len(), 1);
}

#[tokio::test]
async fn insufficient_scope_is_found_in_any_challenge() {
    // AUTH-09, AUTH-37: the first challenge only contains the metadata URL
    let metadata = "Bearer resource_metadata=\"https://a.example/x\"";
    let scope = "Bearer error=\"insufficient_scope\", scope=\"files:write\"";
    let forbidden = status(403).header("www-authenticate", metadata);
    let one_line = format!("Basic realm=a, {metadata}, {scope}");
    for response in [
        forbidden.header("www-authenticate", scope),
        status(403).header("www-authenticate", one_line),
    ] {
        let server = Script::new().on("tools/call", response).start().await;
        let error = server.client().call_tool("add", ()).await.unwrap_err();
        let unauthorized = Unauthorized::find_in(&error).unwrap();
        assert_eq!(unauthorized.reason, UnauthorizedReason::InsufficientScope);
        assert_eq!(unauthorized.challenge().unwrap().scope(), Some("files:write"));
    }
}

#[tokio::test]
async fn a_401_to_delete_is_reported_by_close() {
    let server = Script::new().on("DELETE", status_401("Bearer scope=end")).start().await;
    let client = server.client();
    client.connect().await.unwrap();
    assert_snapshot!(describe_result(client.close().await), @r#"
    [server]/mcp rejected the access token; required scope "end"
    -> Unauthorized, did not run
    "#);
}
