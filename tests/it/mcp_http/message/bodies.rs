//! Response bodies: media types, size limits, compression.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::{HttpClient, HttpTransport, SseTransport};
use mcp_testkit::{Fault, On, Reply};
use serde_json::json;

use crate::support::{
    Script, ScriptedResponse, SseServerConfig, client_for_url, describe_result,
    initialize_response, json, reqwest_http_client, sse, start_test_server, stateful_client,
    status,
};

const RESPONSE: &str = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;
/// The maximum message size of the clients in this file.
const MAX_MESSAGE_SIZE: usize = 10_000;

/// Calls a tool and describes the result. The built-in client and a reqwest client must agree.
async fn call_with_response(response: ScriptedResponse) -> String {
    let server = Script::new().on("tools/call", response).start().await;
    let shown = async |connections: HttpClient| {
        let transport = HttpTransport::builder(server.url()).http_client(connections);
        let transport = transport.max_message_size(MAX_MESSAGE_SIZE).build().expect("a usable URL");
        describe_result(stateful_client(transport).call_tool("add", ()).await)
    };
    let own = shown(HttpClient::new().expect("a usable environment")).await;
    assert_eq!(shown(reqwest_http_client()).await, own);
    own
}

#[tokio::test]
async fn media_types_ignore_parameters_and_case() {
    // HTTP-06, traps 10
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;x"] {
        let response = status(200).header("content-type", kind).body(RESPONSE);
        assert_eq!(call_with_response(response).await, "it went well", "{kind}");
    }
    for kind in ["text/event-stream", "text/event-stream;charset=utf-8", "TEXT/Event-Stream ; a=b"]
    {
        let response =
            status(200).header("content-type", kind).body(format!("data: {RESPONSE}\n\n"));
        assert_eq!(call_with_response(response).await, "it went well", "{kind}");
    }
}

#[tokio::test]
async fn unexpected_media_types_are_errors() {
    let of = |kind: &'static str, body: &str| status(200).header("content-type", kind).body(body);
    let mut shown = String::new();
    for response in [
        of("text/html; charset=utf-8", "<!doctype html><title>Sign in</title>"),
        of("text/plain", RESPONSE),
        of("application/json-rpc", RESPONSE),
        of("application/problem+json", "{}"),
        of("", RESPONSE),
        status(200).body(RESPONSE),
        status(200),
        status(204),
    ] {
        shown += &call_with_response(response).await;
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    expected JSON or an event stream from [server]/mcp, got text/html: <!doctype html><title>Sign in</title>
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got text/plain: {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got application/json-rpc: {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got application/problem+json: {}
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got a body without a content type: {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got a body without a content type: {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got a body without a content type
    -> Protocol
    expected JSON or an event stream from [server]/mcp, got a body without a content type
    -> Protocol
    "#);
}

#[tokio::test]
async fn content_length_over_the_limit_is_rejected() {
    let response = |size: usize| {
        let text = "x".repeat(size);
        let content = json!([{ "type": "text", "text": text }]);
        json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{{"content":{content}}}}}"#))
    };
    assert_snapshot!(call_with_response(response(MAX_MESSAGE_SIZE - 200)).await, @"it went well");
    assert_snapshot!(call_with_response(response(MAX_MESSAGE_SIZE)).await, @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
}

#[tokio::test]
async fn streamed_body_over_the_limit_is_rejected() {
    let server = start_test_server().await;
    let builder = HttpTransport::builder(server.url()).max_message_size(MAX_MESSAGE_SIZE);
    let client = stateful_client(builder.build().unwrap());
    server.script(On::method("tools/call").nth(1), Fault::Oversized(MAX_MESSAGE_SIZE - 200));
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"it went well");
    server.script(On::method("tools/call").nth(1), Fault::Oversized(1_000_000));
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
    // JSON in chunks, and one endless line of an event stream.
    let pieces = Reply::status(200).header("content-type", "application/json").padding(1_000_000);
    server.script(On::method("tools/call").nth(1), pieces);
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
    server.script(On::method("tools/call").nth(1), Reply::sse(["data: "]).padding(1_000_000));
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
    // The next call succeeds.
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"it went well");
}

#[tokio::test]
async fn limit_applies_to_each_event_and_not_to_the_stream() {
    let note =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":0}}"#;
    let many = format!("data: {note}\n\n").repeat(1_000);
    assert_snapshot!(call_with_response(sse(&format!("{many}data: {RESPONSE}\n\n"))).await, @"it went well");
    let long = format!("data: {{\"a\":\"{}\"}}\n\n", "x".repeat(MAX_MESSAGE_SIZE));
    assert_snapshot!(call_with_response(sse(&format!("{long}data: {RESPONSE}\n\n"))).await, @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
    let lines = "data: 1\n".repeat(MAX_MESSAGE_SIZE);
    assert_snapshot!(call_with_response(sse(&format!("{lines}\n\n"))).await, @"
    [server]/mcp sent a message of more than 10000 bytes
    -> TooLarge
    ");
}

#[tokio::test]
async fn limit_is_the_same_for_json_and_events() {
    // The request id is known, and so is the length.
    let of =
        |length: usize| RESPONSE.replace("$id", "2") + &" ".repeat(length - RESPONSE.len() + 2);
    for (length, expected) in
        [(MAX_MESSAGE_SIZE, "it went well"), (MAX_MESSAGE_SIZE + 1, "-> TooLarge")]
    {
        let message = of(length);
        assert_eq!(message.len(), length);
        for response in [
            json(&message),
            sse(&format!("data: {message}\n\n")),
            sse(&format!("data:{message}\r\n\r\n")),
            json(&message).into_event_stream(),
        ] {
            let shown = call_with_response(response).await;
            assert!(shown.ends_with(expected), "{length}: {shown}");
        }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("writing to memory succeeds");
    encoder.finish().expect("writing to memory succeeds")
}

fn brotli(text: &str) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 9, 22);
    encoder.write_all(text.as_bytes()).expect("writing to memory succeeds");
    encoder.into_inner()
}

#[tokio::test]
async fn limit_applies_to_the_decompressed_body() {
    // `$id` cannot be replaced in compressed bodies.
    let small = RESPONSE.replace("$id", "2");
    let bomb = format!("{}{small}", " ".repeat(5_000_000));
    let stream = format!("data: {}", " ".repeat(5_000_000));
    for (coding, compress) in [("gzip", gzip as fn(&str) -> Vec<u8>), ("br", brotli)] {
        let response =
            |text: &str| json("").body(compress(text)).header("content-encoding", coding);
        assert_eq!(call_with_response(response(&small)).await, "it went well");
        assert!(compress(&bomb).len() < MAX_MESSAGE_SIZE);
        let too_large = "[server]/mcp sent a message of more than 10000 bytes\n-> TooLarge";
        assert_eq!(call_with_response(response(&bomb)).await, too_large);
        assert_eq!(
            call_with_response(response(&stream).content_type("text/event-stream")).await,
            too_large
        );
        // The body of an error status is limited as well.
        let long = call_with_response(response(&"a".repeat(5_000_000)).with_status(500)).await;
        assert_eq!(long.len(), 279, "{long}");
    }
}

#[tokio::test]
async fn invalid_compression_is_a_protocol_error() {
    // A retry would not help.
    let small = gzip(&RESPONSE.replace("$id", "2"));
    for (coding, body) in
        [("gzip", &b"not gzip"[..]), ("gzip", &small[..small.len() / 2]), ("br", b"not brotli")]
    {
        let response = json("").body(body).header("content-encoding", coding);
        assert_eq!(
            call_with_response(response).await,
            "invalid response from [server]/mcp: cannot decompress the body\n-> Protocol",
            "{coding}"
        );
    }
}

#[tokio::test]
async fn unrequested_content_codings_are_named() {
    let mut shown = String::new();
    for (coding, response) in [
        ("zstd", json("\u{1}")),
        ("Deflate", sse("\u{1}")),
        ("x-gzip", status(200).body("\u{1}")),
        ("zstd", status(500).body("\u{1}")),
    ] {
        let outcome = call_with_response(response.header("content-encoding", coding)).await;
        shown += &format!("--- {coding}\n{outcome}\n");
    }
    assert_snapshot!(shown, @r#"
    --- zstd
    [server]/mcp sent a body in the content coding "zstd", which was not requested
    -> Protocol
    --- Deflate
    [server]/mcp sent a body in the content coding "deflate", which was not requested
    -> Protocol
    --- x-gzip
    [server]/mcp sent a body in the content coding "x-gzip", which was not requested
    -> Protocol
    --- zstd
    [server]/mcp returned HTTP status 500 Internal Server Error: (a body in the content coding "zstd")
    -> Status(500)
    "#);
    // Not a compression, so the body is what it is.
    for coding in ["identity", "UTF-8", ""] {
        let response = json(RESPONSE).header("content-encoding", coding);
        assert_eq!(call_with_response(response).await, "it went well", "{coding}");
    }
    let server = SseServerConfig { encoding: "zstd", ..SseServerConfig::default() }.start().await;
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let client = Client::new(SseTransport::new(transport));
    let shown = describe_result(client.list_tools().await);
    assert!(shown.contains(r#"in the content coding "zstd""#), "{shown}");
}

#[tokio::test]
async fn session_ids_must_be_short_and_visible_ascii() {
    // HTTP-25
    for id in [&b"a b"[..], b"\xe9", b"a\tb", b""] {
        let opening = initialize_response("2025-11-25").header("mcp-session-id", id);
        let server = Script::new().on("initialize", opening).start().await;
        let outcome = describe_result(server.client().list_tools().await);
        assert!(
            outcome.contains("the session id contains characters other than visible ASCII"),
            "{id:?} {outcome}"
        );
        assert_eq!(server.request_log().await, "initialize 1, [alice]");
    }
    let opening = initialize_response("2025-11-25").header("mcp-session-id", "a".repeat(1_025));
    let server = Script::new().on("initialize", opening).start().await;
    let outcome = describe_result(server.client().list_tools().await);
    assert!(outcome.contains("the session id is longer than 1,024 bytes"), "{outcome}");
    let id = "!~AZaz09-_.";
    let opening = initialize_response("2025-11-25").header("mcp-session-id", id);
    let server = Script::new().on("initialize", opening).start().await;
    server.client().list_tools().await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], !~AZaz09-_., 2025-11-25
    tools/list 2, [alice], !~AZaz09-_., 2025-11-25
    ");
}

#[tokio::test]
async fn broken_connection_is_interrupted_and_may_have_run() {
    let server = start_test_server().await;
    let client = client_for_url(server.url());
    client.connect().await.unwrap();
    let half = r#"{"jsonrpc":"2.0","id":2,"resu"#;
    let json = Reply::body("application/json", half).abort();
    let stream = Reply::sse([format!("data: {half}")]).abort();
    for fault in [Fault::Close, json.into(), stream.into(), Fault::TruncatedSse, Fault::WrongId] {
        server.clear_script();
        server.script(On::method("tools/call"), fault);
        let error = client.call_tool("wait", ()).await.unwrap_err();
        // The tool may have run.
        assert!(!error.did_not_run());
        assert!(describe_result(Err::<(), _>(error)).lines().count() > 1);
    }
    server.clear_script();
    server.script(On::method("tools/call"), Fault::TruncatedSse);
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @r#"
    "tools/call": the stream ended before the response
    -> Interrupted
    "#);
    server.clear_script();
    server.script(On::method("tools/call"), Fault::Close);
    let shown = describe_result(client.call_tool("wait", ()).await);
    assert!(shown.starts_with("the connection to [server]/mcp was lost\n"), "{shown}");
    assert!(shown.ends_with("-> Interrupted"), "{shown}");
}
