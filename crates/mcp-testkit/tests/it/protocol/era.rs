//! Which era a request belongs to.

use mcp_testkit::{ProbeResponse, TestServer};
use mcp_types::error_code;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{BOTH_ERAS, StatefulClient, StatelessClient, names, stateless_greeter};

#[tokio::test]
async fn serves_both_eras_at_once() {
    let server = stateless_greeter().revisions(BOTH_ERAS).start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    assert_eq!(names(&stateful.request_json("tools/list", json!({})).await), ["hello"]);

    let mut stateless = StatelessClient::new(&server);
    let response = stateless.request_json("server/discover", json!({})).await;
    assert_eq!(response["result"]["supportedVersions"], json!(["2026-07-28", "2025-11-25"]));
    assert_eq!(names(&stateless.request_json("tools/list", json!({})).await), ["hello"]);

    let response = stateful.call_tool("hello").await;
    assert_eq!(response["result"].get("resultType"), None);
    assert!(stateful.http_request(Method::DELETE).send().await.unwrap().status().is_success());
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn stateful_server_sends_the_probe_response_to_stateless_requests() {
    let not_found = error_code::METHOD_NOT_FOUND;
    for (response, status, code) in [
        (ProbeResponse::default(), 200, json!(not_found)),
        (ProbeResponse::Error { status: 400, code: -32000 }, 400, json!(-32000)),
        (ProbeResponse::Status(404), 404, Value::Null),
    ] {
        let server = TestServer::builder().probe_response(response).start().await.unwrap();
        let mut stateless = StatelessClient::new(&server);
        for method in ["server/discover", "tools/list"] {
            let response = stateless.request(method, json!({})).await;
            assert_eq!(response.status(), status);
            let body = response.text().await.unwrap();
            let body = serde_json::from_str::<Value>(&body).unwrap_or_default();
            assert_eq!(body["error"]["code"], code);
        }
        StatefulClient::connect(&server).await;
        assert_eq!(server.violations(), [""; 0]);
    }
}
