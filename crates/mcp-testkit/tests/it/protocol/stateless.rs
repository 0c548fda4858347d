//! The stateless protocol versions: results, users and errors.

use std::time::Duration;

use mcp_testkit::{Bearer, CallResult, TestTool};
use mcp_types::{error_code, v2026_07_28::CacheScope};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    StatefulClient, StatelessClient, header, names, read, stateless_greeter, tool,
};

#[tokio::test]
async fn serves_valid_requests_without_violations() {
    let server = stateless_greeter().instructions("Greet.").start().await.unwrap();
    let mut stateless = StatelessClient::new(&server);
    let info =
        json!({ "io.modelcontextprotocol/serverInfo": { "name": "greeter", "version": "1" } });

    let response = stateless.request_json("server/discover", json!({})).await;
    let expected = json!({
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": { "listChanged": true } },
        "instructions": "Greet.",
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": info,
    });
    assert_eq!(response, json!({ "jsonrpc": "2.0", "id": 1, "result": expected }));

    let list = stateless.request_json("tools/list", json!({})).await;
    assert_eq!(names(&list), ["hello"]);
    assert_eq!(list["result"]["ttlMs"], 0);
    let response = stateless.request_json("tools/call", json!({ "name": "hello" })).await;
    let content = json!([{ "type": "text", "text": "hi" }]);
    let expected = json!({ "resultType": "complete", "content": content, "_meta": info });
    assert_eq!(response["result"], expected);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn keeps_result_type_and_meta_that_a_tool_sets() {
    let response = || CallResult::text("later").member("resultType", "task");
    let tool = TestTool::new("slow", json!({ "type": "object" }), move |_| {
        response().member("_meta", json!({ "io.modelcontextprotocol/serverInfo": 1, "a": 2 }))
    });
    let server = stateless_greeter().tool(tool).start().await.unwrap();
    let response =
        StatelessClient::new(&server).request_json("tools/call", json!({ "name": "slow" })).await;
    assert_eq!(response["result"]["resultType"], "task");
    let meta = json!({ "io.modelcontextprotocol/serverInfo": 1, "a": 2 });
    assert_eq!(response["result"]["_meta"], meta);
}

#[tokio::test]
async fn adds_cache_hints_to_cacheable_results() {
    let hour = Duration::from_secs(3600);
    let server = stateless_greeter().caching(hour, CacheScope::Public).start().await.unwrap();
    let mut stateless = StatelessClient::new(&server);
    for method in ["server/discover", "tools/list"] {
        let result = stateless.request_json(method, json!({})).await["result"].take();
        assert_eq!(
            (&result["ttlMs"], &result["cacheScope"]),
            (&json!(3_600_000), &json!("public"))
        );
    }
    let result =
        stateless.request_json("tools/call", json!({ "name": "hello" })).await["result"].take();
    assert_eq!(result.get("ttlMs"), None);
}

#[tokio::test]
async fn identifies_users_by_token() {
    let bearer = Bearer::tokens(["alice-token", "bob-token"]);
    let server =
        stateless_greeter().bearer(bearer).tools_for("alice-token", [tool("secret", "42")]);
    let server = server.start().await.unwrap();
    assert_eq!(StatelessClient::new(&server).request("tools/list", json!({})).await.status(), 401);
    for (token, expected) in [("alice-token", &["hello", "secret"][..]), ("bob-token", &["hello"])]
    {
        let list =
            StatelessClient::with_token(&server, token).request_json("tools/list", json!({})).await;
        assert_eq!(names(&list), expected);
    }
}

#[tokio::test]
async fn returns_404_for_unknown_methods_and_200_for_other_errors() {
    let server = stateless_greeter().start().await.unwrap();
    let mut stateless = StatelessClient::new(&server);
    for (method, params, status, code, violation) in [
        ("ping", json!({}), 404, error_code::METHOD_NOT_FOUND, Some("method not supported")),
        (
            "prompts/list",
            json!({}),
            404,
            error_code::METHOD_NOT_FOUND,
            Some("method not supported"),
        ),
        ("tools/call", json!({ "name": "none" }), 200, error_code::INVALID_PARAMS, None),
        ("tools/call", json!({}), 200, error_code::INVALID_PARAMS, Some(r#""name" missing"#)),
    ] {
        let before = server.violations().len();
        let response = stateless.request(method, params).await;
        assert_eq!(response.status(), status, "{method}");
        assert_eq!(read(response).await["error"]["code"], code);
        let fresh = server.violations().split_off(before);
        assert_eq!(fresh.len(), usize::from(violation.is_some()), "{fresh:?}");
        assert!(violation.is_none_or(|text| fresh[0].contains(text)), "{fresh:?}");
    }
}

#[tokio::test]
async fn rejects_the_messages_of_stateful_versions() {
    // N-BASE-06, N-HTTP-14
    let server = stateless_greeter().start().await.unwrap();
    let response = StatefulClient::new(&server).initialize("2025-11-25").await;
    assert_eq!(response.status(), 400);
    let error = read(response).await["error"].take();
    assert_eq!(error["code"], error_code::UNSUPPORTED_PROTOCOL_VERSION);
    let data = json!({ "supported": ["2026-07-28"], "requested": "2025-11-25" });
    assert_eq!(error["data"], data);
    assert_eq!(server.violations(), [""; 0], "an older client cannot know");

    let mut stateful = StatefulClient::new(&server);
    for method in [Method::GET, Method::DELETE] {
        let response = stateful.http_request(method).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
    }
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert_eq!(stateful.post(&response).send().await.unwrap().status(), 400);
    assert_eq!(stateful.notify("notifications/cancelled").await.status(), 202);
    assert_eq!(stateful.request("tools/list", json!({})).await.status(), 400);

    let mut stateless = StatelessClient::new(&server);
    let list = stateless.message("tools/list", json!({}));
    let list = stateless.post(&list).header("mcp-session-id", "1").header("last-event-id", "2");
    assert_eq!(list.send().await.unwrap().status(), 200, "they are ignored");
    let expected = [
        "GET: only POST is allowed in stateless protocol versions",
        "DELETE: only POST is allowed in stateless protocol versions",
        "POST: unexpected response: the server sent no request",
        "notifications/cancelled: notifications over HTTP not allowed in stateless protocol versions",
        r#"tools/list: "_meta[io.modelcontextprotocol/protocolVersion]" missing or invalid"#,
        r#"tools/list: header "mcp-session-id" not allowed in stateless protocol versions"#,
        r#"tools/list: header "last-event-id" not allowed in stateless protocol versions"#,
    ];
    assert_eq!(server.violations(), expected);
}
