//! HTTP rules of a request: path, origin, headers and body.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{StatefulClient, assert_ping_rejected, header, read, stateful_greeter};

#[tokio::test]
async fn rejects_wrong_accept_and_content_type_headers() {
    let json_only = |stateful: &StatefulClient, _| {
        without(stateful, "accept").header("accept", "application/json")
    };
    assert_ping_rejected(json_only, 406, r#"header "accept" does not contain "text/event-stream""#)
        .await;
    let anything =
        |stateful: &StatefulClient, _| without(stateful, "accept").header("accept", "*/*");
    assert_ping_rejected(anything, 406, r#"header "accept" does not contain "application/json""#)
        .await;
    assert_ping_rejected(
        |stateful, _| without(stateful, "content-type"),
        415,
        r#"header "content-type": expected"#,
    )
    .await;
    let text = |stateful: &StatefulClient, _| {
        without(stateful, "content-type").header("content-type", "text/plain")
    };
    assert_ping_rejected(text, 415, r#"header "content-type": expected "application/json""#).await;
}

#[tokio::test]
async fn accepts_media_types_with_parameters_in_any_case() {
    let server = stateful_greeter().await;
    let stateful = StatefulClient::connect(&server).await;
    let request = stateful
        .http_request(Method::POST)
        .header("accept", "Application/JSON;q=0.9")
        .header("accept", "text/event-stream; q=1")
        .header("content-type", "application/json; charset=utf-8")
        .body(r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#);
    assert_eq!(read(request.send().await.unwrap()).await["id"], "a");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn rejects_invalid_json_rpc_bodies() {
    for (body, reason) in [
        ("{", "body is not valid JSON"),
        // RPC-12
        (r#"[{"jsonrpc":"2.0","id":9,"method":"ping"}]"#, "got an array"),
        (r#"{"jsonrpc":"1.0","id":9,"method":"ping"}"#, "expected the string"),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#""id": expected a string or an integer, got null"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":[]}"#,
            r#""params": expected an object"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":9,"method":"ping","params":null}"#,
            r#""params": expected an object"#,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "duplicate request id 1"),
    ] {
        assert_ping_rejected(|_, request| request.body(body), 400, reason).await;
    }
}

#[tokio::test]
async fn rejects_other_paths_and_origins() {
    let server = stateful_greeter().await;
    let mut stateful = StatefulClient::connect(&server).await;
    let ping = stateful.message("ping", json!({}));
    for (origin, status) in [
        ("https://example.com", 403),
        ("http://localhost.example.com", 403),
        ("null", 403),
        ("http://localhost:3000", 200),
    ] {
        let response = stateful.post(&ping).header("origin", origin).send().await.unwrap();
        assert_eq!(response.status(), status, "{origin}");
    }
    let response = json!({ "jsonrpc": "2.0", "id": "s1", "result": {} });
    let rejected = stateful.at_url(server.url()).post(&response).send().await.unwrap();
    assert_eq!(read(rejected).await.get("id"), None, "only the response to a request has an id");

    let response = stateful.http_request(Method::PUT).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST, DELETE"));

    let elsewhere = server.url().replace("/mcp", "/other");
    let response = stateful.at_url(&elsewhere).post(&ping).send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(server.requests().last().map(|it| it.path().to_owned()).as_deref(), Some("/other"));
}

/// Returns a ping without one header; reqwest cannot remove a header from a request.
fn without(stateful: &StatefulClient, name: &str) -> RequestBuilder {
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let request = stateful.http_request(Method::POST).body(ping.to_string());
    [("accept", "application/json, text/event-stream"), ("content-type", "application/json")]
        .into_iter()
        .filter(|(header, _)| *header != name)
        .fold(request, |request, (header, value)| request.header(header, value))
}
