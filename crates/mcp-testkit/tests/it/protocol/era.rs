//! Which era a request belongs to.

use mcp_testkit::{ProbeAnswer, TestServer};
use mcp_types::error_code;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{BOTH, Complete, Peer, names, stateless_greeter};

#[tokio::test]
async fn a_server_may_speak_both() {
    let server = stateless_greeter().revisions(BOTH).start().await.unwrap();
    let mut peer = Peer::open(&server).await;
    assert_eq!(names(&peer.ask("tools/list", json!({})).await), ["hello"]);

    let mut client = Complete::new(&server);
    let answer = client.ask("server/discover", json!({})).await;
    assert_eq!(answer["result"]["supportedVersions"], json!(["2026-07-28", "2025-11-25"]));
    assert_eq!(names(&client.ask("tools/list", json!({})).await), ["hello"]);

    let answer = peer.call("hello").await;
    assert_eq!(answer["result"].get("resultType"), None);
    assert!(peer.http_request(Method::DELETE).send().await.unwrap().status().is_success());
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn an_old_server_knows_nothing_of_it() {
    let not_found = error_code::METHOD_NOT_FOUND;
    for (answer, status, code) in [
        (ProbeAnswer::default(), 200, json!(not_found)),
        (ProbeAnswer::Error { status: 400, code: -32000 }, 400, json!(-32000)),
        (ProbeAnswer::Status(404), 404, Value::Null),
    ] {
        let server = TestServer::builder().probe_answer(answer).start().await.unwrap();
        let mut client = Complete::new(&server);
        for method in ["server/discover", "tools/list"] {
            let response = client.request(method, json!({})).await;
            assert_eq!(response.status(), status);
            let body = response.text().await.unwrap();
            let body = serde_json::from_str::<Value>(&body).unwrap_or_default();
            assert_eq!(body["error"]["code"], code);
        }
        Peer::open(&server).await;
        assert_eq!(server.violations(), [""; 0]);
    }
}
