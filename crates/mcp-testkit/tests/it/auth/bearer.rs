//! Tokens: who is let in, who sees what, and what is kept from view.

use mcp_testkit::{Bearer, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Peer, header, names, read, tool};

async fn vault() -> TestServer {
    let bearer = Bearer::tokens(["alice-token", "bob-token"]).scope("tools:call");
    TestServer::builder()
        .bearer(bearer.authorization_server("https://auth.example.com"))
        .tool(tool("whoami", "nobody"))
        .tools_for("alice-token", [tool("secret", "42"), tool("whoami", "alice")])
        .start()
        .await
        .expect("a start")
}

fn metadata_url(server: &TestServer) -> String {
    server.url().replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
}

#[tokio::test]
async fn every_request_needs_a_token() {
    let server = vault().await;
    let peer = Peer::new(&server);
    let place = format!("resource_metadata=\"{}\", scope=\"tools:call\"", metadata_url(&server));
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let response = peer.http_request(method.clone()).send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(header(&response, "www-authenticate"), format!("Bearer {place}"));
        let response = peer.http_request(method).bearer_auth("nonsense").send().await.unwrap();
        assert_eq!(response.status(), 401);
        let reason = r#"error="invalid_token", error_description="the access token is unknown""#;
        assert_eq!(header(&response, "www-authenticate"), format!("Bearer {reason}, {place}"));
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn metadata_of_the_resource_is_published() {
    let server = vault().await;
    let well_known = metadata_url(&server);
    for url in [&*well_known, well_known.trim_end_matches("/mcp")] {
        let peer = Peer::new(&server).elsewhere(url);
        let metadata = read(peer.http_request(Method::GET).send().await.unwrap()).await;
        let expected = json!({
            "resource": server.url(),
            "bearer_methods_supported": ["header"],
            "authorization_servers": ["https://auth.example.com"],
            "scopes_supported": ["tools:call"],
        });
        assert_eq!(metadata, expected);
    }
    let open = TestServer::builder().start().await.unwrap();
    let peer = Peer::new(&open).elsewhere(&metadata_url(&open));
    assert_eq!(peer.http_request(Method::GET).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn tokens_come_and_go() {
    let server = vault().await;
    let mut alice = Peer::open_with(&server, "alice-token").await;
    for (refuse, reason) in [
        (TestServer::revoke_token as fn(&TestServer, &str), "the access token was revoked"),
        (TestServer::expire_token, "the access token expired"),
    ] {
        refuse(&server, "alice-token");
        let response = alice.request("ping", json!({})).await;
        assert_eq!(response.status(), 401);
        assert!(header(&response, "www-authenticate").contains(reason));
        server.accept_token("alice-token");
        assert_eq!(alice.request("ping", json!({})).await.status(), 200);
    }
    server.accept_token("carol-token");
    Peer::open_with(&server, "carol-token").await;
}

#[tokio::test]
async fn users_see_their_own_tools() {
    let server = vault().await;
    let mut alice = Peer::open_with(&server, "alice-token").await;
    let mut bob = Peer::open_with(&server, "bob-token").await;
    assert_eq!(names(&alice.ask("tools/list", json!({})).await), ["whoami", "secret"]);
    assert_eq!(names(&bob.ask("tools/list", json!({})).await), ["whoami"]);

    let text = |answer: &Value| answer["result"]["content"][0]["text"].clone();
    assert_eq!(text(&alice.call("whoami").await), "alice");
    assert_eq!(text(&bob.call("whoami").await), "nobody");
    assert_eq!(text(&alice.call("secret").await), "42");
    assert_eq!(bob.call("secret").await["error"]["message"], "Unknown tool: secret");
}

#[tokio::test]
async fn a_renewed_token_keeps_session_and_tools() {
    let server = vault().await;
    let mut alice = Peer::open_with(&server, "alice-token").await;
    server.renew_token("alice-token", "alice-token-2");
    assert_eq!(alice.request("ping", json!({})).await.status(), 401);
    alice.token = Some("alice-token-2".to_owned());
    assert_eq!(names(&alice.ask("tools/list", json!({})).await), ["whoami", "secret"]);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn the_session_of_another_user_is_out_of_reach() {
    let server = vault().await;
    let mut mixed_up = Peer::open_with(&server, "alice-token").await;
    mixed_up.token = Some("bob-token".to_owned());
    assert_eq!(mixed_up.request("tools/list", json!({})).await.status(), 404);
    assert_eq!(server.violations(), ["tools/list: a session of another user"]);
}

#[tokio::test]
async fn tokens_are_not_printed() {
    let bearer = Bearer::tokens(["alice-token"]);
    let builder = TestServer::builder().bearer(bearer.clone());
    let builder = builder.tools_for("alice-token", [tool("secret", "42")]);
    let setup = format!("{bearer:?} {builder:?}");
    let server = builder.start().await.unwrap();
    Peer::open_with(&server, "alice-token").await;

    let requests = server.requests();
    assert_eq!(requests[0].bearer_token(), Some("alice-token"));
    assert_eq!(requests[0].header("authorization"), Some("Bearer alice-token"));
    let printed = format!("{setup} {server:?} {requests:?}");
    assert!(!printed.contains("alice-token"), "{printed}");
    assert!(printed.contains("Sensitive"), "{printed}");
}
