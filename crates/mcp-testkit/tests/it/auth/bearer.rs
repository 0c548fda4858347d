//! Bearer tokens: validation, challenge, metadata and the tools of each user.

use mcp_testkit::{Bearer, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{StatefulClient, header, names, read, tool};

async fn server_with_bearer() -> TestServer {
    let bearer = Bearer::tokens(["alice-token", "bob-token"]).scope("tools:call");
    TestServer::builder()
        .bearer(bearer.authorization_server("https://auth.example.com"))
        .tool(tool("whoami", "anonymous"))
        .tools_for("alice-token", [tool("secret", "42"), tool("whoami", "alice")])
        .start()
        .await
        .expect("the server starts")
}

fn metadata_url(server: &TestServer) -> String {
    server.url().replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
}

#[tokio::test]
async fn requests_without_a_valid_token_get_401_and_a_challenge() {
    let server = server_with_bearer().await;
    let stateful = StatefulClient::new(&server);
    let place = format!("resource_metadata=\"{}\", scope=\"tools:call\"", metadata_url(&server));
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let response = stateful.http_request(method.clone()).send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(header(&response, "www-authenticate"), format!("Bearer {place}"));
        let response = stateful.http_request(method).bearer_auth("nonsense").send().await.unwrap();
        assert_eq!(response.status(), 401);
        let reason = r#"error="invalid_token", error_description="the access token is unknown""#;
        assert_eq!(header(&response, "www-authenticate"), format!("Bearer {reason}, {place}"));
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn publishes_resource_metadata_only_with_bearer_authorization() {
    let server = server_with_bearer().await;
    let well_known = metadata_url(&server);
    for url in [&*well_known, well_known.trim_end_matches("/mcp")] {
        let stateful = StatefulClient::new(&server).at_url(url);
        let metadata = read(stateful.http_request(Method::GET).send().await.unwrap()).await;
        let expected = json!({
            "resource": server.url(),
            "bearer_methods_supported": ["header"],
            "authorization_servers": ["https://auth.example.com"],
            "scopes_supported": ["tools:call"],
        });
        assert_eq!(metadata, expected);
    }
    let open = TestServer::builder().start().await.unwrap();
    let stateful = StatefulClient::new(&open).at_url(&metadata_url(&open));
    assert_eq!(stateful.http_request(Method::GET).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn rejects_revoked_and_expired_tokens_until_accepted_again() {
    let server = server_with_bearer().await;
    let mut alice = StatefulClient::connect_with_token(&server, "alice-token").await;
    for (reject, reason) in [
        (TestServer::revoke_token as fn(&TestServer, &str), "the access token was revoked"),
        (TestServer::expire_token, "the access token expired"),
    ] {
        reject(&server, "alice-token");
        let response = alice.request("ping", json!({})).await;
        assert_eq!(response.status(), 401);
        assert!(header(&response, "www-authenticate").contains(reason));
        server.accept_token("alice-token");
        assert_eq!(alice.request("ping", json!({})).await.status(), 200);
    }
    server.accept_token("carol-token");
    StatefulClient::connect_with_token(&server, "carol-token").await;
}

#[tokio::test]
async fn lists_and_calls_only_the_tools_of_the_user() {
    let server = server_with_bearer().await;
    let mut alice = StatefulClient::connect_with_token(&server, "alice-token").await;
    let mut bob = StatefulClient::connect_with_token(&server, "bob-token").await;
    assert_eq!(names(&alice.request_json("tools/list", json!({})).await), ["whoami", "secret"]);
    assert_eq!(names(&bob.request_json("tools/list", json!({})).await), ["whoami"]);

    let text = |response: &Value| response["result"]["content"][0]["text"].clone();
    assert_eq!(text(&alice.call_tool("whoami").await), "alice");
    assert_eq!(text(&bob.call_tool("whoami").await), "anonymous");
    assert_eq!(text(&alice.call_tool("secret").await), "42");
    assert_eq!(bob.call_tool("secret").await["error"]["message"], "Unknown tool: secret");
}

#[tokio::test]
async fn keeps_session_and_tools_after_a_token_is_renewed() {
    let server = server_with_bearer().await;
    let mut alice = StatefulClient::connect_with_token(&server, "alice-token").await;
    server.renew_token("alice-token", "alice-token-2");
    assert_eq!(alice.request("ping", json!({})).await.status(), 401);
    alice.token = Some("alice-token-2".to_owned());
    assert_eq!(names(&alice.request_json("tools/list", json!({})).await), ["whoami", "secret"]);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn rejects_the_session_of_another_user_with_404() {
    let server = server_with_bearer().await;
    let mut mixed_up = StatefulClient::connect_with_token(&server, "alice-token").await;
    mixed_up.token = Some("bob-token".to_owned());
    assert_eq!(mixed_up.request("tools/list", json!({})).await.status(), 404);
    assert_eq!(server.violations(), ["tools/list: session of another user"]);
}

#[tokio::test]
async fn debug_output_does_not_contain_tokens() {
    let bearer = Bearer::tokens(["alice-token"]);
    let builder = TestServer::builder().bearer(bearer.clone());
    let builder = builder.tools_for("alice-token", [tool("secret", "42")]);
    let setup = format!("{bearer:?} {builder:?}");
    let server = builder.start().await.unwrap();
    StatefulClient::connect_with_token(&server, "alice-token").await;

    let requests = server.requests();
    assert_eq!(requests[0].bearer_token(), Some("alice-token"));
    assert_eq!(requests[0].header("authorization"), Some("Bearer alice-token"));
    let printed = format!("{setup} {server:?} {requests:?}");
    assert!(!printed.contains("alice-token"), "{printed}");
    assert!(printed.contains("Sensitive"), "{printed}");
}
