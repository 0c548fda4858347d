//! The metadata and headers that every stateless request carries.

use mcp_testkit::{CallAnswer, Tool};
use mcp_types::{Revision, error_code};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::{
    BOTH, CAPABILITIES, Complete, VERSION, headers, read, stateless_greeter, text, tool,
};

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

/// The same call with another name, of which headers can be made.
fn call_named(call: &Value, name: &str) -> Value {
    let mut other = call.clone();
    other["params"]["name"] = json!(name);
    other
}

/// Breaks a call in one way, and expects a refusal that is remembered.
async fn check(spoil: impl Fn(&mut Value, &mut HeaderMap), status: u16, code: i64, reason: &str) {
    let server = stateless_greeter().tool(routed()).start().await.expect("a start");
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
    let server =
        stateless_greeter().tool(tool("grüß", "Gott")).tool(routed()).start().await.unwrap();
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

#[tokio::test]
async fn a_client_that_has_not_seen_the_schema_is_told() {
    // N-HTTP-10, N-HTTP-11
    let server = stateless_greeter().tool(routed()).start().await.unwrap();
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
    let server = stateless_greeter().tool(tool).start().await.unwrap();
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
        let server =
            stateless_greeter().revisions(revisions.iter().copied()).start().await.unwrap();
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
