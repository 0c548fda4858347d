//! What HTTP demands of a request: path, origin, headers and body.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{Peer, assert_ping_rejected, header, read, stateful_greeter};

#[tokio::test]
async fn headers_are_checked() {
    let json_only = |peer: &Peer, _| without(peer, "accept").header("accept", "application/json");
    assert_ping_rejected(json_only, 406, "Accept does not name text/event-stream").await;
    let anything = |peer: &Peer, _| without(peer, "accept").header("accept", "*/*");
    assert_ping_rejected(anything, 406, "Accept does not name application/json").await;
    assert_ping_rejected(|peer, _| without(peer, "content-type"), 415, "Content-Type is not").await;
    let text = |peer: &Peer, _| without(peer, "content-type").header("content-type", "text/plain");
    assert_ping_rejected(text, 415, "Content-Type is not application/json").await;
}

#[tokio::test]
async fn media_types_are_read_with_their_parameters() {
    let server = stateful_greeter().await;
    let peer = Peer::open(&server).await;
    let request = peer
        .http_request(Method::POST)
        .header("accept", "Application/JSON;q=0.9")
        .header("accept", "text/event-stream; q=1")
        .header("content-type", "application/json; charset=utf-8")
        .body(r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#);
    assert_eq!(read(request.send().await.unwrap()).await["id"], "a");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn bodies_are_checked() {
    for (body, reason) in [
        ("{", "the body is not JSON"),
        // RPC-12
        (r#"[{"jsonrpc":"2.0","id":9,"method":"ping"}]"#, "an array of messages"),
        (r#"{"jsonrpc":"1.0","id":9,"method":"ping"}"#, "expected the string"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "a request whose id is null"),
        (r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":[]}"#, "params is not an object"),
        (r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":null}"#, "params is not an object"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "the id 1 was used before"),
    ] {
        assert_ping_rejected(|_, request| request.body(body), 400, reason).await;
    }
}

#[tokio::test]
async fn other_places_and_origins_are_refused() {
    let server = stateful_greeter().await;
    let mut peer = Peer::open(&server).await;
    let ping = peer.message("ping", json!({}));
    for (origin, status) in [
        ("https://example.com", 403),
        ("http://localhost.example.com", 403),
        ("null", 403),
        ("http://localhost:3000", 200),
    ] {
        let response = peer.post(&ping).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), status, "{origin}");
    }
    let answer = json!({ "jsonrpc": "2.0", "id": "s1", "result": {} });
    let refused = peer.elsewhere(server.url()).post(&answer).send().await.unwrap();
    assert_eq!(read(refused).await.get("id"), None, "only a request is answered with its id");

    let response = peer.http_request(Method::PUT).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST, DELETE"));

    let elsewhere = server.url().replace("/mcp", "/other");
    let response = peer.elsewhere(&elsewhere).post(&ping).send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(server.requests().last().map(|it| it.path().to_owned()).as_deref(), Some("/other"));
}

/// Takes a header away, which reqwest does only for a request that is built anew.
fn without(peer: &Peer, name: &str) -> RequestBuilder {
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let request = peer.http_request(Method::POST).body(ping.to_string());
    [("accept", "application/json, text/event-stream"), ("content-type", "application/json")]
        .into_iter()
        .filter(|(header, _)| *header != name)
        .fold(request, |request, (header, value)| request.header(header, value))
}
