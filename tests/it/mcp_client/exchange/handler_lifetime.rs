//! The future of a handler is dropped when its call or its session ends.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use mcp_client::{Client, Negotiation, Transport, mcp_types::Revision};
use mcp_http::{HttpTransport, SseTransport};
use mcp_stdio::{LineTransport, StdioTransport};
use mcp_testkit::{ServerRequest, Step, TestServer, TestTool};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    time::Instant,
};

use crate::support::{
    ALL_CAPABILITIES, GetStream, HandlerBehavior, MemoryServer, RecordingHandler, SseServerConfig,
    describe_result, with_timeout,
};

/// The time within which a handler is dropped after the end of the session.
const SOON: Duration = Duration::from_secs(1);

/// A handler that does not respond until the test lets it.
fn waiting_handler() -> RecordingHandler {
    RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased)
}

/// A client of a stateful server.
fn stateful_client(transport: impl Transport, handler: &RecordingHandler) -> Client {
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    Client::builder(transport).handler(handler.clone()).negotiation(known).build()
}

fn roots_request(id: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "roots/list" })
}

/// A server with a call in progress for which the handler works.
async fn call_in_progress(
    get_stream: GetStream,
) -> (Arc<MemoryServer>, Client, RecordingHandler, tokio::task::JoinHandle<()>) {
    let (memory_server, handler) = (Arc::new(MemoryServer::new(get_stream)), waiting_handler());
    let client = stateful_client(Arc::clone(&memory_server), &handler);
    memory_server.send_during_call(roots_request("a"));
    let caller = client.clone();
    let call = tokio::spawn(async move { drop(caller.call_tool("ask", ()).await) });
    handler.wait_for_pending(1).await;
    (memory_server, client, handler, call)
}

/// Waits until the handler is dropped, and checks that this happens soon.
async fn assert_dropped_soon(handler: &RecordingHandler) {
    let since = Instant::now();
    handler.wait_for_pending(0).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert_eq!(handler.requests(), ["roots"]);
}

#[tokio::test(start_paused = true)]
async fn handler_is_dropped_when_the_call_completes() {
    let (memory_server, _client, handler, call) = call_in_progress(GetStream::NotOffered).await;
    memory_server.complete_call();
    call.await.unwrap();
    assert_eq!(handler.pending(), 0);
    // Every request requires a response.
    let responses = memory_server.client_responses(1).await;
    let expected = json!({ "code": -32603, "message": "the call has ended" });
    assert_eq!(responses[0]["error"], expected);
}

#[tokio::test(start_paused = true)]
async fn handler_is_dropped_with_the_future_of_the_call() {
    let (memory_server, handler) =
        (Arc::new(MemoryServer::new(GetStream::NotOffered)), waiting_handler());
    let client = stateful_client(Arc::clone(&memory_server), &handler);
    memory_server.send_during_call(roots_request("a"));
    {
        let call = std::pin::pin!(client.call_tool("ask", ()));
        let pending = std::pin::pin!(handler.wait_for_pending(1));
        futures_util::future::select(call, pending).await;
    }
    assert_eq!(handler.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn handler_is_dropped_when_the_client_is_closed() {
    let (memory_server, client, handler, call) = call_in_progress(GetStream::NotOffered).await;
    client.close().await.unwrap();
    assert_dropped_soon(&handler).await;
    // The session has ended, so the server gets no response.
    assert_eq!(memory_server.client_responses(0).await, Vec::<Value>::new());
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn handler_is_dropped_when_the_session_is_lost() {
    let (memory_server, client, handler, call) = call_in_progress(GetStream::NotOffered).await;
    memory_server.lose_session();
    client.ping().await.unwrap();
    assert_eq!(client.lost_session_count(), 1);
    assert_dropped_soon(&handler).await;
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn handler_of_the_listener_is_dropped_with_the_session() {
    for is_closed in [true, false] {
        let (memory_server, handler) =
            (Arc::new(MemoryServer::new(GetStream::Open)), waiting_handler());
        let client = stateful_client(Arc::clone(&memory_server), &handler);
        client.connect().await.unwrap();
        assert!(memory_server.send_on_get_stream(roots_request("a")));
        handler.wait_for_pending(1).await;
        if is_closed {
            client.close().await.unwrap();
        }
        drop(client);
        assert_dropped_soon(&handler).await;
    }
}

#[tokio::test]
async fn handler_of_a_stdio_server_is_dropped_with_the_connection() {
    for is_closed in [true, false] {
        let (transport, server) = LineTransport::in_memory();
        let mut server = BufReader::new(server);
        let handler = waiting_handler();
        let client = stateful_client(transport, &handler);
        let server = tokio::spawn(async move {
            let mut initialize = String::new();
            server.read_line(&mut initialize).await.expect("a request");
            let result = json!({ "jsonrpc": "2.0", "id": 1, "result": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "serverInfo": { "name": "wire", "version": "1" },
            } });
            let lines = format!("{result}\n{}\n", roots_request("a"));
            server.write_all(lines.as_bytes()).await.expect("the client is there");
            server
        });
        with_timeout(client.connect()).await.unwrap();
        handler.wait_for_pending(1).await;
        let _server = server.await.unwrap();
        if is_closed {
            client.close().await.unwrap();
        }
        drop(client);
        assert_dropped_soon(&handler).await;
    }
}

#[tokio::test]
async fn handler_of_an_http_sse_server_is_dropped_with_the_stream() {
    for end in ["the server ends the stream", "the client is closed", "the client is dropped"] {
        let server = SseServerConfig::default().start().await;
        let transport = HttpTransport::builder(server.url()).build().unwrap();
        let handler = waiting_handler();
        let client = stateful_client(SseTransport::new(transport), &handler);
        with_timeout(client.connect()).await.unwrap();
        server.send_message(&roots_request("a"));
        with_timeout(handler.wait_for_pending(1)).await;
        match end {
            "the server ends the stream" => server.end_stream(),
            "the client is closed" => client.close().await.unwrap(),
            _ => drop(client),
        }
        assert_dropped_soon(&handler).await;
    }
}

#[tokio::test]
async fn handler_of_a_call_over_http_sse_is_dropped_with_the_stream() {
    let server = SseServerConfig::default().start().await;
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let handler = waiting_handler();
    let client = stateful_client(SseTransport::new(transport), &handler);
    with_timeout(client.connect()).await.unwrap();
    let caller = client.clone();
    // This tool sends no response.
    let call = tokio::spawn(async move { describe_result(caller.call_tool("silent", ()).await) });
    server.send_message(&roots_request("a"));
    with_timeout(handler.wait_for_pending(1)).await;
    server.end_stream();
    assert_dropped_soon(&handler).await;
    let shown = with_timeout(call).await.unwrap();
    assert!(shown.contains("-> Interrupted"), "{shown}");
}

#[tokio::test]
async fn handler_of_a_child_process_is_dropped_when_the_process_exits() {
    /// Opens a session, sends a request, and exits when it is told to.
    const PROGRAM: &str = r#"read -r request
        printf '{"jsonrpc":"2.0","id":1,"result":%s}\n' "$1"
        read -r initialized
        printf '%s\n' "$2"
        while ! [ -e "$3" ]; do sleep 0.02; done"#;
    let result = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "serverInfo": { "name": "wire", "version": "1" },
    });
    for is_exit in [true, false] {
        let stop = std::env::temp_dir().join(format!("relay-handler-{}", std::process::id()));
        let args = [result.to_string(), roots_request("a").to_string(), stop.display().to_string()];
        let transport = StdioTransport::builder("/bin/sh")
            .args(["-c", PROGRAM, "sh"].into_iter().chain(args.iter().map(String::as_str)))
            .shutdown_timeout(Duration::from_millis(300))
            .build();
        let handler = waiting_handler();
        let client = stateful_client(transport, &handler);
        with_timeout(client.connect()).await.unwrap();
        with_timeout(handler.wait_for_pending(1)).await;
        match is_exit {
            true => std::fs::write(&stop, "").unwrap(),
            false => client.close().await.unwrap(),
        }
        assert_dropped_soon(&handler).await;
        let _ = std::fs::remove_file(&stop);
    }
}

#[tokio::test]
async fn stateless_call_ends_when_the_client_is_closed_while_the_handler_works() {
    let steps = |_: &mcp_testkit::StepContext| Step::request("roots", ServerRequest::roots());
    let tool = TestTool::with_steps("ask", json!({ "type": "object" }), steps);
    let revision = Revision::V2026_07_28;
    let server = TestServer::builder().revisions([revision]).tool(tool).start().await.unwrap();
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let handler = waiting_handler();
    let client =
        Client::builder(transport).handler(handler.clone()).protocol_version(revision).build();
    let caller = client.clone();
    let call = tokio::spawn(async move { describe_result(caller.call_tool("ask", ()).await) });
    handler.wait_for_pending(1).await;
    client.close().await.unwrap();
    let shown = with_timeout(call).await.unwrap();
    assert_eq!(handler.pending(), 0);
    assert_snapshot!(shown, @"
    the client was closed while it collected input for this call
    -> SessionEnded
    ");
}
