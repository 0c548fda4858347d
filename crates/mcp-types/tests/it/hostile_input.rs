//! Hostile input is an error or a value, but never a panic.
//!
//! `benches` shows that the time grows linearly with the length.

use std::fmt::Debug;

use mcp_types::{JsonObject, JsonRpcMessage, Method, v2025_11_25, v2026_07_28::*};
use serde::de::DeserializeOwned;

const DEEP: usize = 100_000;
/// The maximum message size of transports.
const LONG: usize = 32 * 1024 * 1024;

type CallResult = <CallToolRequest as Method>::Result;

/// Returns the error of `bytes` as a value of a type.
fn error<T: Debug + DeserializeOwned>(bytes: impl AsRef<[u8]>) -> String {
    let Err(error) = serde_json::from_slice::<T>(bytes.as_ref()) else { panic!("no error") };
    let error = error.to_string();
    assert!(error.len() < 2500, "an error of {} bytes", error.len());
    error
}

fn assert_error<T: Debug + DeserializeOwned>(bytes: impl AsRef<[u8]>, reason: &str) {
    let error = error::<T>(bytes);
    assert!(error.contains(reason), "{error}");
}

/// Reads the bytes with each entry point. They must return.
fn reads(bytes: &[u8]) -> [bool; 5] {
    [
        serde_json::from_slice::<JsonRpcMessage<JsonObject>>(bytes).is_ok(),
        serde_json::from_slice::<v2025_11_25::ListToolsResult>(bytes).is_ok(),
        serde_json::from_slice::<ListToolsResult>(bytes).is_ok(),
        serde_json::from_slice::<v2025_11_25::CallToolResult>(bytes).is_ok(),
        serde_json::from_slice::<CallResult>(bytes).is_ok(),
    ]
}

fn arrays(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth)
}

#[test]
fn deep_nesting_is_an_error_in_parsed_json() {
    const TOO_DEEP: &str = "recursion limit exceeded";
    for deep in [arrays(DEEP), objects(DEEP)] {
        for result in [
            format!(r#"{{"content":[],"structuredContent":{deep}}}"#),
            format!(r#"{{"content":[],"unknown":{deep}}}"#),
            format!(r#"{{"content":[],"_meta":{{"a":{deep}}}}}"#),
            format!(r#"{{"unknown":{deep},"resultType":"complete","content":[]}}"#),
            format!(r#"{{"unknown":{deep},"resultType":"other"}}"#),
            format!(r#"{{"content":[{{"type":"other","a":{deep}}}]}}"#),
            format!(r#"{{"content":[{{"a":{deep},"type":"text","text":""}}]}}"#),
            format!(r#"{{"content":[{{"type":"resource","resource":{{"a":{deep}}}}}]}}"#),
        ] {
            assert_error::<CallResult>(&result, TOO_DEEP);
            let message = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
            assert_error::<JsonRpcMessage<CallResult>>(&message, TOO_DEEP);
        }
        let data = format!(r#"{{"code":1,"message":"","data":{deep}}}"#);
        let message = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{data}}}"#);
        assert_error::<JsonRpcMessage<CallResult>>(&message, TOO_DEEP);
        let message = format!(r#"{{"jsonrpc":"2.0","id":{deep},"result":{{}}}}"#);
        assert_error::<JsonRpcMessage<JsonObject>>(&message, "expected a string or an integer");
        assert_error::<CallResult>(
            format!(r#"{{"content":[{{"type":{deep}}}]}}"#),
            "expected a string",
        );
        reads(deep.as_bytes());
    }
    for unclosed in ["[".repeat(DEEP), r#"{"content":["#.repeat(DEEP), r#"{"a":"#.repeat(DEEP)] {
        assert_eq!(reads(unclosed.as_bytes()), [false; 5]);
    }
}

#[test]
fn deep_nesting_is_kept_in_raw_json() {
    let deep = objects(DEEP);
    let list = format!(r#"{{"tools":[{{"name":"n","inputSchema":{deep}}}]}}"#);
    let list: ListToolsResult = serde_json::from_str(&list).unwrap();
    let schema = &list.tools[0].input_schema;
    assert_eq!(schema.as_str(), deep);
    schema.parse::<serde_json::Value>().unwrap_err();

    let message = format!(r#"{{"jsonrpc":"2.0","method":"a","params":{deep},"other":{deep}}}"#);
    let JsonRpcMessage::Notification { params: Some(params), .. } =
        serde_json::from_str::<JsonRpcMessage<CallResult>>(&message).unwrap()
    else {
        panic!("no notification with parameters");
    };
    assert_eq!(params.get(), deep);
    serde_json::from_str::<v2025_11_25::ProgressNotificationParams>(params.get()).unwrap_err();
}

#[test]
fn long_strings_are_values_or_short_errors() {
    let long = "a".repeat(LONG);
    let result = format!(r#"{{"content":[{{"type":"text","text":"{long}"}}]}}"#);
    let result: v2025_11_25::CallToolResult = serde_json::from_str(&result).unwrap();
    let ContentBlock::Text(text) = &result.content[0] else { panic!("no text") };
    assert_eq!(text.text.len(), LONG);

    for result in [
        format!(r#"{{"content":[{{"type":"image","data":"{long}"}}]}}"#),
        format!(r#"{{"content":"{long}"}}"#),
        format!(r#"{{"content":[],"isError":"{long}"}}"#),
        format!(r#"{{"content":[{{"type":"text","{long}":1e999}}]}}"#),
        format!(r#"{{"content":[{{"type":"text","text":"","type":"{long}"}}]}}"#),
        format!(r#"{{"content":[],"structuredContent":"{long}"#),
    ] {
        error::<CallResult>(&result);
    }
}

#[test]
fn huge_arrays_are_values_or_errors_of_one_item() {
    let list = |item: &str| vec![item; 300_000].join(",");
    let result = format!(r#"{{"content":[{}]}}"#, list(r#"{"type":"text","text":""}"#));
    let result: v2025_11_25::CallToolResult = serde_json::from_str(&result).unwrap();
    assert_eq!(result.content.len(), 300_000);

    let result = format!(r#"{{"content":[{},7]}}"#, list(r#"{"type":"other"}"#));
    assert_error::<CallResult>(&result, "content[300000]: invalid type: integer `7`");
    let tools = format!(r#"{{"tools":[{}]}}"#, list("{}"));
    assert_error::<ListToolsResult>(&tools, ".tools[0].inputSchema: missing");

    let members: Vec<_> = (0..300_000).map(|number| format!(r#""{number}":0"#)).collect();
    let members = members.join(",");
    let result = format!(r#"{{{members},"resultType":"complete","content":[]}}"#);
    let CallResult::Complete(result) = serde_json::from_str(&result).unwrap() else {
        panic!("not complete");
    };
    assert_eq!(result.extra.len(), 300_000);
    let result = format!(r#"{{"content":[{{{members},"type":"other"}}]}}"#);
    serde_json::from_str::<CallResult>(&result).unwrap();
}

#[test]
fn from_slice_limits_the_objects_and_arrays_of_a_message() {
    const MOST: usize = JsonRpcMessage::<CallResult>::MAX_CONTAINERS;
    let message =
        |blocks: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{blocks}]}}}}"#);
    let text = |brackets: usize| format!(r#"{{"type":"text","text":"{}"}}"#, "[".repeat(brackets));
    let unknown = |blocks: usize| vec![r#"{"type":""}"#; blocks].join(",");
    let read = |message: &str| {
        JsonRpcMessage::<v2025_11_25::CallToolResult>::from_slice(message.as_bytes()).map(drop)
    };
    // The message, its result and its content are three containers.
    read(&message(&unknown(MOST - 3))).unwrap();
    let error = read(&message(&unknown(MOST - 2))).unwrap_err().to_string();
    assert_eq!(error, "more than 500000 objects and arrays");
    read(&message(&text(3 * MOST))).unwrap();
    read(&message(&[unknown(MOST - 4), text(3 * MOST)].join(","))).unwrap();
    read(&message(&[unknown(MOST - 3), text(3 * MOST)].join(","))).unwrap_err();
}

#[test]
fn duplicate_members_are_errors() {
    for result in [
        r#"{"content":[],"content":[]}"#,
        r#"{"content":[],"\u0063ontent":[]}"#,
        r#"{"content":[],"unknown":1,"unknown":1}"#,
        r#"{"content":[],"resultType":"complete","resultType":"input_required"}"#,
        r#"{"resultType":"complete","content":[],"resultType":"complete"}"#,
        r#"{"resultType":"other","resultType":"complete","content":[]}"#,
        r#"{"content":[{"type":"text","text":"","type":"text"}]}"#,
        r#"{"content":[{"type":"other","type":"text","text":""}]}"#,
        r#"{"content":[{"type":"other","a":1,"type":"other"}]}"#,
        r#"{"content":[{"a":1,"a":1,"type":"text","text":""}]}"#,
        r#"{"content":[{"type":"resource","resource":{"uri":"","uri":"","text":""}}]}"#,
        r#"{"content":[{"type":"resource","resource":{"text":"","uri":"","text":""}}]}"#,
        r#"{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"a":{"method":"x"}}}"#,
    ] {
        assert_error::<CallResult>(result, "duplicate member");
    }
    assert_error::<JsonRpcMessage<JsonObject>>(
        r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"result":{}}"#,
        "jsonrpc: duplicate member",
    );
}

/// An unknown request must not become a known one when it is printed.
#[test]
fn an_unknown_request_with_two_methods_is_an_error() {
    let request = r#"{"method":"other","params":{},"method":"sampling/createMessage"}"#;
    assert_error::<InputRequest>(request, ".method: duplicate member");
}

/// `serde_json` reads JSON that the protocol does not define. It uses the last duplicate.
#[test]
fn the_last_duplicate_counts_in_arbitrary_json() {
    let result = r#"{"content":[],"structuredContent":{"a":1,"a":2}}"#;
    let result: v2025_11_25::CallToolResult = serde_json::from_str(result).unwrap();
    assert_eq!(result.structured_content, Some(serde_json::json!({ "a": 2 })));
}

#[test]
fn numbers_out_of_range_are_errors() {
    let huge = "9".repeat(100_000);
    for number in ["1e999", "-1e999", "9223372036854775808", "1e400", &huge] {
        let message = format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{{}}}}"#);
        assert_error::<JsonRpcMessage<JsonObject>>(message, "id: ");
        let message = format!(r#"{{"jsonrpc":"2.0","error":{{"code":{number},"message":"no"}}}}"#);
        assert_error::<JsonRpcMessage<JsonObject>>(message, "error.code: ");
    }
    for number in ["1e999", &huge] {
        let result = format!(r#"{{"content":[],"structuredContent":{number}}}"#);
        assert_error::<CallResult>(result, "number out of range");
    }
    let tiny = format!("0.{}1", "0".repeat(100_000));
    let result = format!(r#"{{"content":[],"structuredContent":{tiny}}}"#);
    serde_json::from_str::<CallResult>(&result).unwrap();
}

#[test]
fn invalid_utf8_is_an_error() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"] {
        for (before, after) in [
            (r#"{"content":[{"type":"text","text":""#, r#""}]}"#),
            (r#"{"content":[{"type":""#, r#""}]}"#),
            (r#"{"content":[{""#, r#"":1,"type":"text","text":""}]}"#),
            (r#"{"content":[],""#, r#"":1}"#),
            (r#"{"content":[],"structuredContent":""#, r#""}"#),
            (r#"{"tools":[{"name":"n","inputSchema":{"a":""#, r#""}}]}"#),
            (r#"{"jsonrpc":"2.0","method":"a","params":{"a":""#, r#""}}"#),
            (r#"{"jsonrpc":"2.0","id":""#, r#"","result":{}}"#),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"unknown":""#, r#""}"#),
            (r#"{"jsonrpc":"2.0","error":{"code":1,"message":"","unknown":""#, r#""}}"#),
            ("", r#"{"content":[]}"#),
        ] {
            let text = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(reads(&text), [false; 5], "{}", String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn lone_surrogates_are_errors_in_parsed_json() {
    for surrogate in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x", r"\ud800\u0041"] {
        let text = |text: &str| format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#);
        error::<CallResult>(text(surrogate));
        error::<CallResult>(format!(r#"{{"content":[],"{surrogate}":1}}"#));
        error::<CallResult>(format!(r#"{{"content":[],"structuredContent":"{surrogate}"}}"#));
        error::<JsonRpcMessage<JsonObject>>(format!(
            r#"{{"jsonrpc":"2.0","id":"{surrogate}","result":{{}}}}"#
        ));

        // Raw JSON is not parsed.
        let schema = format!(r#"{{"pattern":"{surrogate}"}}"#);
        let list = format!(r#"{{"tools":[{{"name":"n","inputSchema":{schema}}}]}}"#);
        let list: ListToolsResult = serde_json::from_str(&list).unwrap();
        assert_eq!(list.tools[0].input_schema.as_str(), schema);
        list.tools[0].input_schema.parse::<JsonObject>().unwrap_err();
    }
    let pair = r#"{"content":[{"type":"text","text":"\ud83d\ude00"}]}"#;
    serde_json::from_str::<CallResult>(pair).unwrap();
}
