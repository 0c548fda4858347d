//! The per-request era: what a client may expect, and what is not let through.

use std::time::Duration;

use mcp_testkit::{Bearer, CallAnswer, Tool};
use mcp_types::{error_code, v2026_07_28::CacheScope};
use reqwest::Method;
use serde_json::json;

use crate::support::{Complete, Peer, header, names, read, stateless_greeter, tool};

#[tokio::test]
async fn a_well_behaved_client_gets_its_answers() {
    let server = stateless_greeter().instructions("Greet.").start().await.unwrap();
    let mut client = Complete::new(&server);
    let info =
        json!({ "io.modelcontextprotocol/serverInfo": { "name": "greeter", "version": "1" } });

    let answer = client.ask("server/discover", json!({})).await;
    let expected = json!({
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": { "listChanged": true } },
        "instructions": "Greet.",
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": info,
    });
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": 1, "result": expected }));

    let list = client.ask("tools/list", json!({})).await;
    assert_eq!(names(&list), ["hello"]);
    assert_eq!(list["result"]["ttlMs"], 0);
    let answer = client.ask("tools/call", json!({ "name": "hello" })).await;
    let content = json!([{ "type": "text", "text": "hi" }]);
    let expected = json!({ "resultType": "complete", "content": content, "_meta": info });
    assert_eq!(answer["result"], expected);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn what_a_tool_says_of_its_result_stays() {
    let answer = || CallAnswer::text("later").member("resultType", "task");
    let tool = Tool::new("slow", json!({ "type": "object" }), move |_| {
        answer().member("_meta", json!({ "io.modelcontextprotocol/serverInfo": 1, "a": 2 }))
    });
    let server = stateless_greeter().tool(tool).start().await.unwrap();
    let answer = Complete::new(&server).ask("tools/call", json!({ "name": "slow" })).await;
    assert_eq!(answer["result"]["resultType"], "task");
    let meta = json!({ "io.modelcontextprotocol/serverInfo": 1, "a": 2 });
    assert_eq!(answer["result"]["_meta"], meta);
}

#[tokio::test]
async fn lists_say_how_long_they_hold() {
    let hour = Duration::from_secs(3600);
    let server = stateless_greeter().caching(hour, CacheScope::Public).start().await.unwrap();
    let mut client = Complete::new(&server);
    for method in ["server/discover", "tools/list"] {
        let result = client.ask(method, json!({})).await["result"].take();
        assert_eq!(
            (&result["ttlMs"], &result["cacheScope"]),
            (&json!(3_600_000), &json!("public"))
        );
    }
    let result = client.ask("tools/call", json!({ "name": "hello" })).await["result"].take();
    assert_eq!(result.get("ttlMs"), None);
}

#[tokio::test]
async fn tokens_tell_users_apart() {
    let bearer = Bearer::tokens(["alice-token", "bob-token"]);
    let server =
        stateless_greeter().bearer(bearer).tools_for("alice-token", [tool("secret", "42")]);
    let server = server.start().await.unwrap();
    assert_eq!(Complete::new(&server).request("tools/list", json!({})).await.status(), 401);
    for (token, expected) in [("alice-token", &["hello", "secret"][..]), ("bob-token", &["hello"])]
    {
        let list = Complete::with_token(&server, token).ask("tools/list", json!({})).await;
        assert_eq!(names(&list), expected);
    }
}

#[tokio::test]
async fn errors_have_their_status() {
    let server = stateless_greeter().start().await.unwrap();
    let mut client = Complete::new(&server);
    for (method, params, status, code, violation) in [
        ("ping", json!({}), 404, error_code::METHOD_NOT_FOUND, Some("no capability")),
        ("prompts/list", json!({}), 404, error_code::METHOD_NOT_FOUND, Some("no capability")),
        ("tools/call", json!({ "name": "none" }), 200, error_code::INVALID_PARAMS, None),
        ("tools/call", json!({}), 200, error_code::INVALID_PARAMS, Some("name is missing")),
    ] {
        let before = server.violations().len();
        let response = client.request(method, params).await;
        assert_eq!(response.status(), status, "{method}");
        assert_eq!(read(response).await["error"]["code"], code);
        let fresh = server.violations().split_off(before);
        assert_eq!(fresh.len(), usize::from(violation.is_some()), "{fresh:?}");
        assert!(violation.is_none_or(|text| fresh[0].contains(text)), "{fresh:?}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_the_handshake() {
    // N-BASE-06, N-HTTP-14
    let server = stateless_greeter().start().await.unwrap();
    let response = Peer::new(&server).initialize("2025-11-25").await;
    assert_eq!(response.status(), 400);
    let error = read(response).await["error"].take();
    assert_eq!(error["code"], error_code::UNSUPPORTED_PROTOCOL_VERSION);
    let data = json!({ "supported": ["2026-07-28"], "requested": "2025-11-25" });
    assert_eq!(error["data"], data);
    assert_eq!(server.violations(), [""; 0], "an older client cannot know");

    let mut peer = Peer::new(&server);
    for method in [Method::GET, Method::DELETE] {
        let response = peer.http_request(method).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
    }
    let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert_eq!(peer.post(&answer).send().await.unwrap().status(), 400);
    assert_eq!(peer.notify("notifications/cancelled").await.status(), 202);
    assert_eq!(peer.request("tools/list", json!({})).await.status(), 400);

    let mut client = Complete::new(&server);
    let list = client.message("tools/list", json!({}));
    let list = client.post(&list).header("mcp-session-id", "1").header("last-event-id", "2");
    assert_eq!(list.send().await.unwrap().status(), 200, "they are ignored");
    let expected = [
        "GET: the revision has nothing but POST",
        "DELETE: the revision has nothing but POST",
        "POST: an answer, though nothing was asked",
        "notifications/cancelled: the revision has no such notification over HTTP",
        "tools/list: _meta[io.modelcontextprotocol/protocolVersion] is missing or of the wrong type",
        "tools/list: mcp-session-id, which the revision does not have",
        "tools/list: last-event-id, which the revision does not have",
    ];
    assert_eq!(server.violations(), expected);
}
