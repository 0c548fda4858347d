//! Event streams as they arrive over HTTP.

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{MessageContext, MessageKind, OutgoingMessage, ResponseMessages, Transport};
use mcp_http::HttpTransport;
use mcp_testkit::{Barrier, CallResult, Fault, On, RecordedRequest, Reply, TestServer, TestTool};
use serde_json::json;
use tokio::runtime::Handle;

use crate::support::{
    ALICE, PROTOCOL_VERSIONS, Script, client_for_url, describe_result, sse, start_and_connect,
    start_test_server, stateful_client, with_timeout,
};

const RESPONSE: &str = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;

#[tokio::test]
async fn event_streams_are_parsed_as_the_standard_requires() {
    // HTTP-11, HTTP-12, traps 1
    let split = r#"data: {"jsonrpc":"2.0","id":$id,
data: "result":{"content":[]}}"#;
    for stream in [
        format!("data: {RESPONSE}\n\n"),
        format!("data:{RESPONSE}\n\n"),
        format!("data: {RESPONSE}\r\n\r\n"),
        format!("data: {RESPONSE}\r\r"),
        format!("event: message\nid: 1\ndata: {RESPONSE}\n\n"),
        format!("\u{feff}data: {RESPONSE}\n\n"),
        format!(": hello\n\nretry: 10\n\nid: 0\ndata:\n\ndata: {RESPONSE}\n\n"),
        format!("id: 0\ndata: \n\ndata: {RESPONSE}\n\n"),
        format!("id\ndata\n\nunknown: 1\ndata: {RESPONSE}\n\n"),
        format!("event: endpoint\ndata: /messages\n\ndata: {RESPONSE}\n\n"),
        format!("event: ping\ndata: nonsense\n\ndata: {RESPONSE}\n\n"),
        format!("data: keepalive\n\ndata: {RESPONSE}\n\n"),
        format!("data: {{\"t\":1}}\n\ndata: [1]\n\ndata: 7\n\ndata: {RESPONSE}\n\n"),
        format!("event: error\ndata: one of two workers is busy\n\ndata: {RESPONSE}\n\n"),
        format!("{split}\n\n"),
        format!("data: {RESPONSE}\n\ndata: nonsense after the answer\n\n"),
    ] {
        let server = Script::new().on("tools/call", sse(&stream)).start().await;
        let outcome = describe_result(server.client().call_tool("add", ()).await);
        assert_eq!(outcome, "it went well", "{stream:?}");
    }
}

#[tokio::test]
async fn events_of_other_types_are_ignored() {
    // HTTP-11: only events of the type `message` are MCP messages
    let stream = format!("event: answer\ndata: {RESPONSE}\n\n");
    let server = Script::new().on("tools/call", sse(&stream)).start().await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @r#"
    "tools/call": the stream ended before the response
    -> Interrupted
    "#);
}

#[tokio::test]
async fn last_text_of_a_stream_is_in_the_error() {
    let long = "x".repeat(10_000);
    for (stream, text) in [
        ("data: upstream went away\n\n".to_owned(), "upstream went away"),
        (format!("data: {long}\n\n"), "x\u{2026}"),
        // A broken response to this request is an error at once, and so is an unexpected batch.
        (format!("data: [{RESPONSE}]\n\n"), "invalid response"),
        ("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\n\n".to_owned(), "invalid response"),
    ] {
        let server = Script::new().on("tools/call", sse(&stream)).start().await;
        let shown = describe_result(server.client().call_tool("add", ()).await);
        assert!(shown.contains(text) && shown.len() < 1_000, "{shown}");
    }
}

#[tokio::test]
async fn error_event_is_the_reason_if_the_stream_ends() {
    let stream = format!("event: error\ndata: the quota\ndata: of {ALICE} is used up\n\n");
    let server = Script::new().on("tools/call", sse(&stream)).start().await;
    let transport = HttpTransport::builder(server.url()).bearer_token(ALICE).build().unwrap();
    assert_snapshot!(describe_result(stateful_client(transport).call_tool("add", ()).await), @"
    [server]/mcp reported an error on the event stream: the quota
      of **** is used up
    -> Interrupted
    ");
    // In all versions, and also if the connection breaks.
    for revision in PROTOCOL_VERSIONS {
        let tool = TestTool::new("wait", json!({ "type": "object" }), |_| CallResult::text("done"));
        let (server, client) = start_and_connect(TestServer::builder().tool(tool), revision).await;
        let event = "event: error\ndata: try later\n\n";
        for reply in [Reply::sse([event]), Reply::sse([event]).abort()] {
            server.clear_script();
            server.script(On::method("tools/call"), reply);
            let shown = describe_result(client.call_tool("wait", ()).await);
            assert!(shown.ends_with("event stream: try later\n-> Interrupted"), "{shown}");
        }
        let long = format!("event: error\ndata: {}\n\n", "long ".repeat(100_000));
        server.clear_script();
        server.script(On::method("tools/call"), Reply::sse([long]));
        let shown = describe_result(client.call_tool("wait", ()).await);
        assert!(shown.len() < 1_000, "{}", shown.len());
    }
}

/// A server that responds to tool calls with the stream that `reply` makes of the JSON-RPC
/// response.
async fn server_with_stream(reply: impl Fn(String) -> Reply + Send + Sync + 'static) -> TestServer {
    let server = start_test_server().await;
    let fault = Fault::reply_with(move |request: &RecordedRequest| {
        let response = json!({ "jsonrpc": "2.0", "id": request.id(), "result": { "content": [
            { "type": "text", "text": "\u{2713} d\u{f6}ne" },
        ] } });
        reply(response.to_string())
    });
    server.script(On::method("tools/call"), fault);
    server
}

async fn call_wait(server: &TestServer) -> String {
    let client = client_for_url(server.url());
    match client.call_tool("wait", ()).await {
        Ok(result) => json!(result.content).to_string(),
        failed => describe_result(failed),
    }
}

#[tokio::test]
async fn events_may_be_split_at_any_byte() {
    // HTTP-11: UTF-8 is decoded across chunks
    let server = server_with_stream(|response| {
        let stream = format!(": x\r\n\r\ndata: {response}\r\n\r\n");
        Reply::sse(stream.into_bytes().into_iter().map(|byte| vec![byte]))
    })
    .await;
    assert_snapshot!(call_wait(&server).await, @r#"[{"type":"text","text":"✓ döne"}]"#);
}

#[tokio::test]
async fn call_completes_before_the_stream_ends() {
    // HTTP-08
    let barrier = Barrier::new();
    let held = barrier.clone();
    let server = server_with_stream(move |response| {
        Reply::sse([format!("data: {response}\n\n")]).hold(&held)
    })
    .await;
    assert_snapshot!(call_wait(&server).await, @r#"[{"type":"text","text":"✓ döne"}]"#);
    drop(barrier);
}

#[tokio::test]
async fn ended_stream_differs_from_a_broken_connection() {
    // HTTP-10
    let server = server_with_stream(|response| Reply::sse([format!("data: {response}\n")])).await;
    assert_snapshot!(call_wait(&server).await, @r#"
    "tools/call": the stream ended before the response
    -> Interrupted
    "#);
    let server =
        server_with_stream(|response| Reply::sse([format!("data: {response}\n")]).abort()).await;
    assert!(call_wait(&server).await.starts_with("the connection to [server]/mcp was lost\n"));
}

#[tokio::test]
async fn connection_is_reused_after_a_stream() {
    let server = server_with_stream(|response| {
        Reply::sse([format!("data: {response}\n\n"), ": bye\n\n".to_owned()])
    })
    .await;
    let client = client_for_url(server.url());
    for _ in 0..3 {
        client.call_tool("wait", ()).await.unwrap();
    }
    client.close().await.unwrap();
    assert_eq!(server.count("tools/call"), 3);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn dropping_a_stream_early_closes_the_connection() {
    // This is how a stateless call is cancelled (MCP basic/patterns/cancellation).
    let barrier = Barrier::new();
    let note = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n";
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([note]).hold(&barrier));
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
    let message = OutgoingMessage::new(body, MessageKind::Request, MessageContext::default());
    let ResponseMessages::Stream(mut messages) = transport.send(message).await.unwrap().messages
    else {
        panic!("no stream");
    };
    messages.next().await.unwrap().unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    drop(messages);
    assert_eq!(tasks(), before, "no task reads the rest");
    let closed = async {
        while tasks() == before {
            tokio::task::yield_now().await;
        }
    };
    with_timeout(closed).await;
}
