//! The end of a session.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, future::BoxFuture};
use insta::assert_snapshot;
use mcp_client::{
    Client, MessageContext, OutgoingMessage, Transport, TransportError, TransportErrorKind,
    TransportResponse,
};
use serde_json::Value;

use crate::support::{
    Script, ScriptedServer, describe_result, error, full_request_log, initialize_response, status,
};

#[tokio::test]
async fn close_deletes_the_session_with_token_and_version_headers() {
    // HTTP-29, HTTP-24, HTTP-30, AUTH-02
    let server = ScriptedServer::start().await;
    let client = server.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    assert_snapshot!(full_request_log(&server.requests_of("DELETE").await), @"
    DELETE /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    ");
}

#[tokio::test]
async fn close_sends_nothing_before_the_first_call_or_a_second_time() {
    let server = ScriptedServer::start().await;
    let client = server.client();
    client.close().await.unwrap();
    assert_eq!(server.request_log().await, "");
    client.connect().await.unwrap();
    client.close().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(server.requests_of("DELETE").await.len(), 1);
}

#[tokio::test]
async fn close_sends_nothing_without_a_session() {
    let server = Script::new().on("initialize", initialize_response("2025-11-25")).start().await;
    let client = server.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(server.requests_of("DELETE").await.len(), 0);
}

#[tokio::test]
async fn call_after_close_opens_a_new_session() {
    let server = ScriptedServer::start().await;
    let client = server.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/call 2, [alice], session-2, 2025-11-25
    ");
}

#[tokio::test]
async fn close_accepts_405_and_404_and_reports_other_statuses() {
    // HTTP-29: 405 is not an error; after 404 the session is gone anyway
    let mut shown = String::new();
    for response in [
        status(405),
        error(-32000, "Method not allowed", &Value::Null).with_status(405),
        status(404),
        status(204),
        status(401),
        status(403),
        status(500),
    ] {
        let server = Script::new().on("DELETE", response).start().await;
        let client = server.client();
        client.connect().await.unwrap();
        shown += &describe_result(client.close().await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    it went well
    it went well
    it went well
    it went well
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500)
    ");
}

/// A transport that counts how many times it was closed. Its fallback transport cannot be closed.
#[derive(Debug, Clone, Default)]
struct CountingTransport {
    close_count: Arc<AtomicUsize>,
    is_fallback: bool,
}

impl Transport for CountingTransport {
    fn send(&self, _: OutgoingMessage) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        async { panic!("nothing is sent") }.boxed()
    }

    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(Self { is_fallback: true, ..self.clone() }))
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        self.close_count.fetch_add(1, Ordering::Relaxed);
        let error = TransportError::new(TransportErrorKind::Unreachable, "the fallback fails");
        let outcome = if self.is_fallback { Err(error) } else { Ok(()) };
        async { outcome }.boxed()
    }
}

#[tokio::test]
async fn close_closes_the_transport_even_if_the_fallback_fails() {
    let transport = CountingTransport::default();
    let closed = Client::new(transport.clone()).close().await;
    assert_snapshot!(describe_result(closed), @"
    the fallback fails
    -> Unreachable, did not run
    ");
    assert_eq!(transport.close_count.load(Ordering::Relaxed), 2);
}
