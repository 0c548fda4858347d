//! Server messages on the GET stream, outside of any call.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use mcp_client::{Client, HandlerCapabilities, Limits, Negotiation, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{CallResult, ServerNotification, ServerRequest, Step, TestServer, TestTool};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{
    ALL_CAPABILITIES, GetStream, HandlerBehavior, MemoryServer, RecordingHandler, stateful_client,
};

fn client_with_handler(memory_server: &Arc<MemoryServer>, handler: &RecordingHandler) -> Client {
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    Client::builder(Arc::clone(memory_server)).handler(handler.clone()).negotiation(known).build()
}

#[tokio::test]
async fn server_request_on_the_get_stream_is_answered_during_a_call() {
    // HTTP-20, HTTP-22, ELIC-06: the server uses the GET stream only if it is open when the call
    // arrives
    let schema = json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "Ada" },
    } });
    let tool =
        TestTool::with_steps("ask", json!({ "type": "object" }), move |context| {
            match context.response("name") {
                None => Step::request("name", ServerRequest::form("Who?", schema.clone()))
                    .on_get_stream(),
                Some(response) => CallResult::text(response["content"]["name"].to_string()).into(),
            }
        });
    let server = TestServer::builder().allow_get(true).tool(tool).start().await.unwrap();
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let handler =
        RecordingHandler::new(HandlerCapabilities::none().form(), HandlerBehavior::Accept);
    let client = Client::builder(transport)
        .handler(handler.clone())
        .negotiation(Negotiation::with_revision(Revision::V2025_11_25))
        .build();
    let result = client.call_tool("ask", ()).await.unwrap();
    let content = serde_json::to_value(&result.content).unwrap();
    assert_eq!(content[0]["text"], "\"Ada\"");
    assert_eq!(handler.requests(), ["form: Who?"]);
    assert_eq!(server.push(&ServerNotification::ToolsChanged), 1);
    while client.tool_list_change_count() == 0 {
        tokio::task::yield_now().await;
    }
    client.close().await.unwrap();
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn log_messages_outside_of_calls_reach_the_handler() {
    // LOG-04: over HTTP on the GET stream
    let server = TestServer::builder().logging().allow_get(true).start().await.unwrap();
    let transport = HttpTransport::builder(server.url()).build().unwrap();
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
    let client = Client::builder(transport)
        .handler(handler.clone())
        .negotiation(Negotiation::with_revision(Revision::V2025_11_25))
        .build();
    client.connect().await.unwrap();
    let message = json!({ "jsonrpc": "2.0", "method": "notifications/message",
        "params": { "level": "info", "data": "restored" } });
    assert_eq!(server.send(&message), 1);
    handler.wait_for_requests(1).await;
    assert_eq!(handler.requests(), [r#"log: "restored""#]);
}

#[tokio::test]
async fn client_without_handler_capabilities_does_not_listen() {
    // HTTP-20: listening would occupy a connection
    for handler in
        [None, Some(RecordingHandler::new(HandlerCapabilities::none(), HandlerBehavior::Accept))]
    {
        let memory_server = Arc::new(MemoryServer::new(GetStream::Open));
        let client = match &handler {
            None => stateful_client(Arc::clone(&memory_server)),
            Some(handler) => client_with_handler(&memory_server, handler),
        };
        client.connect().await.unwrap();
        assert_eq!(memory_server.listen_count.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn server_requests_are_answered_between_calls() {
    // HTTP-20, PING-01, CANC-05, RPC-10
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::Open)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(&memory_server, &handler);
    client.connect().await.unwrap();
    for message in [
        json!({ "jsonrpc": "2.0", "id": 0, "method": "roots/list" }),
        json!({ "no": "message" }),
        json!({ "jsonrpc": "2.0", "id": 9, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": 1, "message": "oh" } }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "roots/list" }),
    ] {
        assert!(memory_server.send_on_get_stream(message));
    }
    let responses = memory_server.client_responses(2).await;
    assert_eq!(responses[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    assert_eq!(responses[1]["error"]["code"], -32601);
    handler.wait_for_pending(2).await;
    assert!(memory_server.send_on_get_stream(json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 0 },
    })));
    handler.wait_for_pending(1).await;
    handler.release();
    assert_eq!(memory_server.client_responses(3).await[2]["id"], 3);
}

#[tokio::test]
async fn listening_ends_with_the_session() {
    // HTTP-23: handlers that are running are stopped, too
    for dropped in [false, true] {
        let (memory_server, handler) = (
            Arc::new(MemoryServer::new(GetStream::Open)),
            RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
        );
        let client = client_with_handler(&memory_server, &handler);
        client.connect().await.unwrap();
        memory_server
            .send_on_get_stream(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
        handler.wait_for_pending(1).await;
        match dropped {
            true => drop(client),
            false => client.close().await.unwrap(),
        }
        memory_server.wait_until_stream_closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn connect_does_not_wait_long_for_an_unanswered_get() {
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NoResponse)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let began = Instant::now();
    client_with_handler(&memory_server, &handler).connect().await.unwrap();
    assert!(began.elapsed() < Limits::default().timeout, "{:?}", began.elapsed());
    assert_eq!(memory_server.listen_count.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn call_does_not_time_out_while_the_handler_works_on_the_get_stream() {
    // LIFE-13: it is unknown to which call the request belongs
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::Open)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(&memory_server, &handler);
    let script = async {
        client.connect().await.unwrap();
        memory_server
            .send_on_get_stream(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
        sleep(Duration::from_secs(5 * 60)).await;
        handler.release();
        memory_server.client_responses(1).await;
        memory_server.complete_call();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), script);
    called.unwrap();
}
