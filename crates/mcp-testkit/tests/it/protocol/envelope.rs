//! The metadata and headers that every stateless request carries.

use mcp_testkit::{CallResult, TestTool};
use mcp_types::{Revision, error_code};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::{
    BOTH_ERAS, CAPABILITIES, StatelessClient, VERSION, header_value, headers, read,
    stateless_greeter, tool,
};

/// Returns a tool with parameter headers that responses with its arguments.
fn tool_with_param_headers() -> TestTool {
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
    TestTool::new("routed", schema, |args| CallResult::structured(args.clone().into()))
}

/// Returns the same call with another name, which is valid in a header.
fn call_named(call: &Value, name: &str) -> Value {
    let mut other = call.clone();
    other["params"]["name"] = json!(name);
    other
}

/// Sends a call with one fault, and checks that it is rejected and recorded for this reason.
async fn assert_call_rejected(
    spoil: impl Fn(&mut Value, &mut HeaderMap),
    status: u16,
    code: i64,
    reason: &str,
) {
    let server = stateless_greeter()
        .tool(tool_with_param_headers())
        .start()
        .await
        .expect("the server starts");
    let mut stateless = StatelessClient::new(&server);
    let arguments = json!({ "region": "eu", "deep": { "fast": true, "count": -7 } });
    let mut call =
        stateless.message("tools/call", json!({ "name": "routed", "arguments": arguments }));
    let mut headers = headers(&call);
    for (name, value) in
        [("mcp-param-region", "eu"), ("mcp-param-fast", "true"), ("mcp-param-count", "-7")]
    {
        headers.insert(name, header_value(value));
    }
    spoil(&mut call, &mut headers);
    let response = stateless.post_with(&call, headers).send().await.expect("a response");
    assert_eq!(response.status(), status, "{reason}");
    let error = read(response).await;
    assert_eq!((&error["error"]["code"], &error["id"]), (&json!(code), &json!(1)), "{error}");
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains(reason)), "{reason}: {violations:?}");
}

/// Sends a call with one fault in its headers, and checks that it is rejected.
async fn assert_headers_rejected(spoil: impl Fn(&mut HeaderMap), reason: &str) {
    assert_call_rejected(|_, headers| spoil(headers), 400, error_code::HEADER_MISMATCH, reason)
        .await;
}

#[tokio::test]
async fn rejects_requests_with_missing_or_invalid_meta() {
    // N-BASE-01, N-BASE-02
    for key in [VERSION, CAPABILITIES] {
        let reason = format!(r#""_meta[{key}]" missing or invalid"#);
        let without = |call: &mut Value, _: &mut HeaderMap| {
            call["params"]["_meta"].as_object_mut().unwrap().remove(key);
        };
        assert_call_rejected(without, 400, error_code::INVALID_PARAMS, &reason).await;
    }
    let nameless = |call: &mut Value, _: &mut HeaderMap| {
        call["params"]["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "version": "1" });
    };
    assert_call_rejected(
        nameless,
        400,
        error_code::INVALID_PARAMS,
        r#"clientInfo]" missing or invalid"#,
    )
    .await;
    let anonymous = |call: &mut Value, _: &mut HeaderMap| {
        let meta = call["params"]["_meta"].as_object_mut().unwrap();
        meta.remove("io.modelcontextprotocol/clientInfo");
        call["method"] = json!("ping");
    };
    let reason = r#"header "mcp-method": expected "ping", got "tools/call""#;
    assert_call_rejected(anonymous, 400, error_code::HEADER_MISMATCH, reason).await;
}

#[tokio::test]
async fn rejects_headers_that_do_not_match_the_body() {
    // N-HTTP-03..07, N-HTTP-12
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
        assert_headers_rejected(
            |headers| drop(headers.remove(name)),
            &format!("header {name:?} missing"),
        )
        .await;
        let twice = |headers: &mut HeaderMap| {
            let value = headers[name].clone();
            headers.append(name, value);
        };
        assert_headers_rejected(twice, &format!("header {name:?} missing or duplicate")).await;
    }
    for (name, value, reason) in [
        ("mcp-protocol-version", "2025-11-25", r#"expected "2026-07-28", got "2025-11-25""#),
        ("mcp-method", "Tools/Call", r#"expected "tools/call", got "Tools/Call""#),
        ("mcp-name", "Routed", r#"header "mcp-name" does not match the body"#),
        ("mcp-name", "=?base64?cm91dGVk", r#"header "mcp-name" does not match the body"#),
        ("mcp-name", "=?base64?!?=", r#"header "mcp-name": invalid base64"#),
        ("mcp-param-region", "us", r#"header "mcp-param-region" does not match the body"#),
        ("mcp-param-fast", "1", r#"header "mcp-param-fast" does not match the body"#),
        ("mcp-param-count", "-7.0", r#"header "mcp-param-count" does not match the body"#),
    ] {
        assert_headers_rejected(|headers| drop(headers.insert(name, header_value(value))), reason)
            .await;
    }
    let null = |call: &mut Value, _: &mut HeaderMap| {
        call["params"]["arguments"]["region"] = Value::Null;
    };
    let reason = r#"header "mcp-param-region" does not match the body"#;
    assert_call_rejected(null, 400, error_code::HEADER_MISMATCH, reason).await;
}

#[tokio::test]
async fn accepts_base64_encoded_header_values() {
    // N-HTTP-06, N-HTTP-08
    let server = stateless_greeter()
        .tool(tool("grüß", "Gott"))
        .tool(tool_with_param_headers())
        .start()
        .await
        .unwrap();
    let mut stateless = StatelessClient::new(&server);
    let call = stateless.message("tools/call", json!({ "name": "grüß" }));
    let mut encoded = headers(&call_named(&call, ""));
    encoded.insert("mcp-name", header_value("=?base64?Z3LDvMOf?="));
    let response = read(stateless.post_with(&call, encoded).send().await.unwrap()).await;
    assert_eq!(response["result"]["content"][0]["text"], "Gott");

    let arguments = json!({ "region": " eu", "deep": { "count": null } });
    let call = stateless.message("tools/call", json!({ "name": "routed", "arguments": arguments }));
    let mut encoded = headers(&call);
    encoded.insert("mcp-param-region", header_value("=?base64?IGV1?="));
    let response = read(stateless.post_with(&call, encoded).send().await.unwrap()).await;
    assert_eq!(response["result"]["structuredContent"], arguments);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn missing_param_header_is_an_error_but_not_a_violation() {
    // N-HTTP-10, N-HTTP-11
    let server = stateless_greeter().tool(tool_with_param_headers()).start().await.unwrap();
    let params = json!({ "name": "routed", "arguments": { "region": "eu" } });
    let response = StatelessClient::new(&server).request("tools/call", params).await;
    assert_eq!(response.status(), 400);
    assert_eq!(read(response).await["error"]["code"], error_code::HEADER_MISMATCH);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn records_a_call_of_a_tool_with_an_invalid_header_annotation() {
    // N-HTTP-09
    let schema = json!({ "type": "object", "properties": {
        "ratio": { "type": "number", "x-mcp-header": "Ratio" },
    } });
    let tool = TestTool::new("bad", schema, |_| CallResult::text(""));
    let server = stateless_greeter().tool(tool).start().await.unwrap();
    let response =
        StatelessClient::new(&server).request("tools/call", json!({ "name": "bad" })).await;
    assert_eq!(response.status(), 200);
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains("call of an invalid tool")));
}

#[tokio::test]
async fn rejects_unsupported_versions_with_the_supported_ones() {
    // N-VER-01: no violation, for the client is to choose from the list
    for (revisions, version, supported) in [
        (&[Revision::V2026_07_28][..], "1900-01-01", json!(["2026-07-28"])),
        (&BOTH_ERAS, "2099-01-01", json!(["2026-07-28", "2025-11-25"])),
        (&BOTH_ERAS, "2025-11-25", json!(["2026-07-28", "2025-11-25"])),
    ] {
        let server =
            stateless_greeter().revisions(revisions.iter().copied()).start().await.unwrap();
        let mut stateless = StatelessClient::new(&server);
        let mut discover = stateless.message("server/discover", json!({}));
        discover["params"]["_meta"][VERSION] = json!(version);
        let response = stateless.post(&discover).send().await.unwrap();
        assert_eq!(response.status(), 400);
        let error = read(response).await["error"].take();
        assert_eq!(error["code"], error_code::UNSUPPORTED_PROTOCOL_VERSION);
        assert_eq!(error["data"], json!({ "supported": supported, "requested": version }));
        assert_eq!(server.violations(), [""; 0]);
    }
}
