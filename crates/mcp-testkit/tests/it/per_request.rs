//! The per-request era: what a client may expect, and what is not let through.

use std::time::Duration;

use mcp_testkit::{Bearer, Builder, CallAnswer, ProbeAnswer, TestServer, Tool};
use mcp_types::{Revision, error_code, v2026_07_28::CacheScope};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::{
    complete::{CAPABILITIES, Complete, VERSION, headers, text},
    peer::{Peer, header, names, read, tool},
};

const BOTH: [Revision; 2] = [Revision::V2025_11_25, Revision::V2026_07_28];

fn greeter() -> Builder {
    let greeter = TestServer::builder().revisions([Revision::V2026_07_28]);
    greeter.name("greeter").version("1").tool(tool("hello", "hi"))
}

/// A tool that answers with its arguments, of which it wants some in headers.
fn routed() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "deep": { "type": "object", "properties": {
                "fast": { "type": "boolean", "x-mcp-header": "Fast" },
                "count": { "type": "integer", "x-mcp-header": "Count" },
            } },
        },
    });
    Tool::new("routed", schema, |args| CallAnswer::structured(args.clone().into()))
}

#[tokio::test]
async fn a_well_behaved_client_gets_its_answers() {
    let server = greeter().instructions("Greet.").start().await.unwrap();
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
    let server = greeter().tool(tool).start().await.unwrap();
    let answer = Complete::new(&server).ask("tools/call", json!({ "name": "slow" })).await;
    assert_eq!(answer["result"]["resultType"], "task");
    let meta = json!({ "io.modelcontextprotocol/serverInfo": 1, "a": 2 });
    assert_eq!(answer["result"]["_meta"], meta);
}

#[tokio::test]
async fn lists_say_how_long_they_hold() {
    let hour = Duration::from_secs(3600);
    let server = greeter().caching(hour, CacheScope::Public).start().await.unwrap();
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
    let server = greeter().bearer(bearer).tools_for("alice-token", [tool("secret", "42")]);
    let server = server.start().await.unwrap();
    assert_eq!(Complete::new(&server).request("tools/list", json!({})).await.status(), 401);
    for (token, expected) in [("alice-token", &["hello", "secret"][..]), ("bob-token", &["hello"])]
    {
        let list = Complete::with_token(&server, token).ask("tools/list", json!({})).await;
        assert_eq!(names(&list), expected);
    }
}

/// Breaks a call in one way, and expects a refusal that is remembered.
async fn check(spoil: impl Fn(&mut Value, &mut HeaderMap), status: u16, code: i64, reason: &str) {
    let server = greeter().tool(routed()).start().await.expect("a start");
    let mut client = Complete::new(&server);
    let arguments = json!({ "region": "eu", "deep": { "fast": true, "count": -7 } });
    let mut call =
        client.message("tools/call", json!({ "name": "routed", "arguments": arguments }));
    let mut headers = headers(&call);
    for (name, value) in
        [("mcp-param-region", "eu"), ("mcp-param-fast", "true"), ("mcp-param-count", "-7")]
    {
        headers.insert(name, text(value));
    }
    spoil(&mut call, &mut headers);
    let response = client.post_with(&call, headers).send().await.expect("an answer");
    assert_eq!(response.status(), status, "{reason}");
    let error = read(response).await;
    assert_eq!((&error["error"]["code"], &error["id"]), (&json!(code), &json!(1)), "{error}");
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains(reason)), "{reason}: {violations:?}");
}

/// Breaks a call in its headers.
async fn check_headers(spoil: impl Fn(&mut HeaderMap), reason: &str) {
    check(|_, headers| spoil(headers), 400, error_code::HEADER_MISMATCH, reason).await;
}

#[tokio::test]
async fn requests_have_to_be_complete() {
    // N-BASE-01, N-BASE-02
    for key in [VERSION, CAPABILITIES] {
        let reason = format!("_meta[{key}] is missing");
        let without = |call: &mut Value, _: &mut HeaderMap| {
            call["params"]["_meta"].as_object_mut().unwrap().remove(key);
        };
        check(without, 400, error_code::INVALID_PARAMS, &reason).await;
    }
    let nameless = |call: &mut Value, _: &mut HeaderMap| {
        call["params"]["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "version": "1" });
    };
    check(nameless, 400, error_code::INVALID_PARAMS, "clientInfo] is missing").await;
    let anonymous = |call: &mut Value, _: &mut HeaderMap| {
        let meta = call["params"]["_meta"].as_object_mut().unwrap();
        meta.remove("io.modelcontextprotocol/clientInfo");
        call["method"] = json!("ping");
    };
    let reason = "mcp-method is tools/call, not ping";
    check(anonymous, 400, error_code::HEADER_MISMATCH, reason).await;
}

#[tokio::test]
async fn headers_repeat_the_body() {
    // N-HTTP-03..07, N-HTTP-12
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
        check_headers(|headers| drop(headers.remove(name)), &format!("no {name}")).await;
        let twice = |headers: &mut HeaderMap| {
            let value = headers[name].clone();
            headers.append(name, value);
        };
        check_headers(twice, &format!("no {name}, or more than one")).await;
    }
    for (name, value, reason) in [
        ("mcp-protocol-version", "2025-11-25", "is 2025-11-25, not 2026-07-28"),
        ("mcp-method", "Tools/Call", "is Tools/Call, not tools/call"),
        ("mcp-name", "Routed", "mcp-name is not what the body has"),
        ("mcp-name", "=?base64?cm91dGVk", "mcp-name is not what the body has"),
        ("mcp-name", "=?base64?!?=", "mcp-name: what looks like base64 is not"),
        ("mcp-param-region", "us", "mcp-param-region is not what the body has"),
        ("mcp-param-fast", "1", "mcp-param-fast is not what the body has"),
        ("mcp-param-count", "-7.0", "mcp-param-count is not what the body has"),
    ] {
        check_headers(|headers| drop(headers.insert(name, text(value))), reason).await;
    }
    let null = |call: &mut Value, _: &mut HeaderMap| {
        call["params"]["arguments"]["region"] = Value::Null;
    };
    let reason = "mcp-param-region is not what the body has";
    check(null, 400, error_code::HEADER_MISMATCH, reason).await;
}

#[tokio::test]
async fn headers_may_be_in_base64() {
    // N-HTTP-06, N-HTTP-08
    let server = greeter().tool(tool("grüß", "Gott")).tool(routed()).start().await.unwrap();
    let mut client = Complete::new(&server);
    let call = client.message("tools/call", json!({ "name": "grüß" }));
    let mut encoded = headers(&call_named(&call, ""));
    encoded.insert("mcp-name", text("=?base64?Z3LDvMOf?="));
    let answer = read(client.post_with(&call, encoded).send().await.unwrap()).await;
    assert_eq!(answer["result"]["content"][0]["text"], "Gott");

    let arguments = json!({ "region": " eu", "deep": { "count": null } });
    let call = client.message("tools/call", json!({ "name": "routed", "arguments": arguments }));
    let mut encoded = headers(&call);
    encoded.insert("mcp-param-region", text("=?base64?IGV1?="));
    let answer = read(client.post_with(&call, encoded).send().await.unwrap()).await;
    assert_eq!(answer["result"]["structuredContent"], arguments);
    assert_eq!(server.violations(), [""; 0]);
}

/// The same call with another name, of which headers can be made.
fn call_named(call: &Value, name: &str) -> Value {
    let mut other = call.clone();
    other["params"]["name"] = json!(name);
    other
}

#[tokio::test]
async fn a_client_that_has_not_seen_the_schema_is_told() {
    // N-HTTP-10, N-HTTP-11
    let server = greeter().tool(routed()).start().await.unwrap();
    let params = json!({ "name": "routed", "arguments": { "region": "eu" } });
    let response = Complete::new(&server).request("tools/call", params).await;
    assert_eq!(response.status(), 400);
    assert_eq!(read(response).await["error"]["code"], error_code::HEADER_MISMATCH);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn tools_with_a_bad_annotation_are_not_to_be_called() {
    // N-HTTP-09
    let schema = json!({ "type": "object", "properties": {
        "ratio": { "type": "number", "x-mcp-header": "Ratio" },
    } });
    let tool = Tool::new("bad", schema, |_| CallAnswer::text(""));
    let server = greeter().tool(tool).start().await.unwrap();
    let response = Complete::new(&server).request("tools/call", json!({ "name": "bad" })).await;
    assert_eq!(response.status(), 200);
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains("a tool that is to be left out")));
}

#[tokio::test]
async fn other_versions_are_refused_with_a_list() {
    // N-VER-01: no violation, for the client is to choose from the list
    for (revisions, version, supported) in [
        (&[Revision::V2026_07_28][..], "1900-01-01", json!(["2026-07-28"])),
        (&BOTH, "2099-01-01", json!(["2026-07-28", "2025-11-25"])),
        (&BOTH, "2025-11-25", json!(["2026-07-28", "2025-11-25"])),
    ] {
        let server = greeter().revisions(revisions.iter().copied()).start().await.unwrap();
        let mut client = Complete::new(&server);
        let mut discover = client.message("server/discover", json!({}));
        discover["params"]["_meta"][VERSION] = json!(version);
        let response = client.post(&discover).send().await.unwrap();
        assert_eq!(response.status(), 400);
        let error = read(response).await["error"].take();
        assert_eq!(error["code"], error_code::UNSUPPORTED_PROTOCOL_VERSION);
        assert_eq!(error["data"], json!({ "supported": supported, "requested": version }));
        assert_eq!(server.violations(), [""; 0]);
    }
}

#[tokio::test]
async fn errors_have_their_status() {
    let server = greeter().start().await.unwrap();
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
    let server = greeter().start().await.unwrap();
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

#[tokio::test]
async fn a_server_may_speak_both() {
    let server = greeter().revisions(BOTH).start().await.unwrap();
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
