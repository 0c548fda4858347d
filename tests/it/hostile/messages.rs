//! Messages: ids, batches, results and errors that break JSON-RPC.

use super::frame::{
    Case,
    Operation::{Call, StatelessCall, StatelessHandle},
    Reply, body, case, check, events, json,
};

fn call(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, Call, "tools/call", reply, expected)
}

fn message(members: &str) -> Reply {
    json(format!("{{{members}}}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids() {
    let id = |id: &str| message(&format!(r#""jsonrpc":"2.0","id":{id},"result":{{"content":[]}}"#));
    let long = format!("\"{{secrets}}{}\"", "x".repeat(200_000));
    check([
        call("the id of another request", id("4711"), "InvalidResponse"),
        call("the id 0", id("0"), "InvalidResponse"),
        call("a negative id", id("-1"), "InvalidResponse"),
        call("the id as a fraction", id("{id}.0"), "ok: no text"),
        call("a long id", id(&long), "InvalidResponse"),
        call("a large id", id(&"9".repeat(1000)), "InvalidResponse"),
        call("the id null", id("null"), "InvalidResponse"),
        call("an object as the id", id("{\"a\":\"{secrets}\"}"), "InvalidResponse"),
        call("two ids", id("4711,\"id\":{id}"), "InvalidResponse"),
        call("no id", message(r#""jsonrpc":"2.0","result":{"content":[]}"#), "InvalidResponse"),
        call(
            "an id with control characters",
            id("\"{secrets}\\u001b[31m\\u202e\\r\\n\""),
            "InvalidResponse",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_envelopes() {
    let good = r#"{"jsonrpc":"2.0","id":{id},"result":{"content":[]}}"#;
    let other = r#"{"jsonrpc":"2.0","id":"{secrets}","result":{}}"#;
    check([
        call("no version", message(r#""id":{id},"result":{"content":[]}"#), "InvalidResponse"),
        call("another version", message(r#""jsonrpc":"{secrets}","id":{id},"result":{"content":[]}"#), "InvalidResponse"),
        call("a number as the version", message(r#""jsonrpc":2.0,"id":{id},"result":{"content":[]}"#), "InvalidResponse"),
        call("only an id", message(r#""jsonrpc":"2.0","id":{id}"#), "InvalidResponse"),
        call("a result and an error", message(r#""jsonrpc":"2.0","id":{id},"result":{"content":[]},"error":{"code":1,"message":"{secrets}"}"#), "InvalidResponse"),
        call("two results", message(r#""jsonrpc":"2.0","id":{id},"result":{"content":[]},"result":1"#), "InvalidResponse"),
        call("a method and a result", message(r#""jsonrpc":"2.0","id":{id},"method":"ping","result":{"content":[]}"#), "InvalidResponse"),
        call("only a notification", message(r#""jsonrpc":"2.0","method":"{secrets}""#), "InvalidResponse"),
        call("only a request", message(r#""jsonrpc":"2.0","id":1,"method":"ping""#), "InvalidResponse"),
        call("an empty object", json("{}"), "InvalidResponse"),
        call("an empty batch", json("[]"), "InvalidResponse"),
        call("a batch", json(format!("[{other},{good}]")), "InvalidResponse"),
        call("a batch in a batch", json(format!("[[{good}]]")), "InvalidResponse"),
        call("a batch of garbage", json("[1,\"{secrets}\",null]"), "InvalidResponse"),
        call("a large batch", json(format!("[{}]", vec!["{}"; 50_000].join(","))), "InvalidResponse"),
        call("a batch with two responses", json(format!("[{good},{good}]")), "InvalidResponse"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_results() {
    let result =
        |result: &str| message(&format!(r#""jsonrpc":"2.0","id":{{id}},"result":{result}"#));
    check([
        call("null as a result", result("null"), "InvalidResponse"),
        call("a text as a result", result("\"{secrets}\""), "InvalidResponse"),
        call("an array as a result", result("[\"{secrets}\"]"), "InvalidResponse"),
        call("a number as content", result(r#"{"content":4711}"#), "InvalidResponse"),
        call("a text as content", result(r#"{"content":"{secrets}"}"#), "InvalidResponse"),
        call(
            "a block without a type",
            result(r#"{"content":[{"text":"{secrets}"}]}"#),
            "InvalidResponse",
        ),
        call(
            "a block of an unknown type",
            result(r#"{"content":[{"type":"{secrets}"}]}"#),
            "ok: no text",
        ),
        call(
            "a text block without a text",
            result(r#"{"content":[{"type":"text"}]}"#),
            "InvalidResponse",
        ),
        call(
            "a number as a text",
            result(r#"{"content":[{"type":"text","text":4711}]}"#),
            "InvalidResponse",
        ),
        call(
            "a text as isError",
            result(r#"{"content":[],"isError":"{secrets}"}"#),
            "InvalidResponse",
        ),
        call(
            "a long name of a wrong member",
            result(&format!(r#"{{"_meta":"{}{{secrets}}","content":[]}}"#, "x".repeat(200_000))),
            "InvalidResponse",
        ),
        call(
            "many blocks",
            result(&format!(
                r#"{{"content":[{}]}}"#,
                vec![r#"{"type":"text","text":""}"#; 10_000].join(",")
            )),
            "ok: ",
        ),
        case(
            "no result type",
            StatelessCall,
            "tools/call",
            result(r#"{"content":[]}"#),
            "ok: no text",
        ),
        case(
            "a number as the result type",
            StatelessCall,
            "tools/call",
            result(r#"{"resultType":1,"content":[]}"#),
            "InvalidResponse",
        ),
        case(
            "a secret as the result type",
            StatelessCall,
            "tools/call",
            result(r#"{"resultType":"{secrets}","content":[]}"#),
            "InvalidResponse",
        ),
        case(
            "a secret as the result type in an event",
            StatelessCall,
            "tools/call",
            events(event(r#"{"resultType":"{secrets}","content":[]}"#)),
            "InvalidResponse",
        ),
        case(
            "a long result type",
            StatelessCall,
            "tools/call",
            result(&format!(r#"{{"resultType":"{}{{secrets}}"}}"#, "x".repeat(190))),
            "InvalidResponse",
        ),
        case(
            "a secret as the method of an input request",
            StatelessCall,
            "tools/call",
            result(&input_request(r#""method":"{secrets}","params":{}"#)),
            "InvalidResponse",
        ),
        case(
            "a secret as the method of an input request in an event",
            StatelessCall,
            "tools/call",
            events(event(&input_request(r#""method":"{secrets}","params":{}"#))),
            "InvalidResponse",
        ),
        case(
            "a secret as the mode of an elicitation",
            StatelessHandle,
            "tools/call",
            result(&input_request(
                r#""method":"elicitation/create","params":{"mode":"{secrets}","message":""}"#,
            )),
            "InvalidResponse",
        ),
        case(
            "a secret as a field of a form",
            StatelessHandle,
            "tools/call",
            result(&input_request(
                r#""method":"elicitation/create","params":{"message":"","requestedSchema":{
                    "type":"object","properties":{},"required":["{secrets}"]}}"#,
            )),
            "InputUnavailable",
        ),
        case(
            "a secret as a name of a wrong member",
            StatelessCall,
            "tools/call",
            result(r#"{"resultType":"complete","content":[],"{secrets}":1,"{secrets}":2}"#),
            "InvalidResponse",
        ),
        case(
            "input that is required always",
            StatelessCall,
            "tools/call",
            result(r#"{"resultType":"input_required","requestState":"{secrets}"}"#),
            "TooManyRoundTrips",
        ),
    ])
    .await;
}

/// An event with a result.
fn event(result: &str) -> String {
    let result = result.replace('\n', " ");
    format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{{id}},\"result\":{result}}}\n\n")
}

/// A result with an input request.
fn input_request(members: &str) -> String {
    format!(r#"{{"resultType":"input_required","inputRequests":{{"a":{{{members}}}}}}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_errors() {
    let error = |error: &str| message(&format!(r#""jsonrpc":"2.0","id":{{id}},"error":{error}"#));
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    check([
        call(
            "an error with secrets",
            error(r#"{"code":-32000,"message":"{secrets}","data":{"a":["{secrets}"]}}"#),
            "Rpc",
        ),
        call("null as an error", error("null"), "InvalidResponse"),
        call("a text as an error", error("\"{secrets}\""), "InvalidResponse"),
        call("an array as an error", error("[\"{secrets}\"]"), "InvalidResponse"),
        call("an error without a code", error(r#"{"message":"{secrets}"}"#), "InvalidResponse"),
        call("an error without a message", error(r#"{"code":1}"#), "InvalidResponse"),
        call("a text as a code", error(r#"{"code":"{secrets}","message":""}"#), "InvalidResponse"),
        call("a fraction as a code", error(r#"{"code":1.5,"message":""}"#), "InvalidResponse"),
        call(
            "a large code",
            error(r#"{"code":99999999999999999999,"message":""}"#),
            "InvalidResponse",
        ),
        call(
            "an object as a message",
            error(r#"{"code":1,"message":{"a":"{secrets}"}}"#),
            "InvalidResponse",
        ),
        call(
            "control characters",
            error("{\"code\":1,\"message\":\"\\u001b[31m{secrets}\\u202e\\r\\n\\u0000\"}"),
            "Rpc",
        ),
        call("deep data", error(&format!(r#"{{"code":1,"message":"","data":{deep}}}"#)), "Rpc"),
        call(
            "an error without an id",
            message(r#""jsonrpc":"2.0","error":{"code":1,"message":"{secrets}"}"#),
            "Rpc",
        ),
        call(
            "an error with the id null",
            message(r#""jsonrpc":"2.0","id":null,"error":{"code":1,"message":"{secrets}"}"#),
            "Rpc",
        ),
        call(
            "an error with status 400",
            body(
                400,
                "application/json",
                r#"{"jsonrpc":"2.0","id":{id},"error":{"code":1,"message":"{secrets}"}}"#,
            ),
            "Rpc",
        ),
        call(
            "an error with status 500",
            body(
                500,
                "application/json",
                r#"{"jsonrpc":"2.0","id":{id},"error":{"code":1,"message":"{secrets}"}}"#,
            ),
            "Rpc",
        ),
        call(
            "a result with status 500",
            body(500, "application/json", r#"{"jsonrpc":"2.0","id":{id},"result":{"content":[]}}"#),
            "Status(500)",
        ),
    ])
    .await;
}
