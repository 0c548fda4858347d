//! Sessions that a server loses: what it responds, and how the client continues.

use std::sync::{Arc, Mutex};

use mcp_client::{
    Client, MessageContext, OutgoingMessage, Transport, TransportError, TransportResponse,
};
use mcp_http::HttpTransport;
use mcp_types::Revision;
use peers::{Program, Server};
use serde_json::json;

/// A transport that lets the test end the session without the client's knowledge.
#[derive(Debug, Clone)]
struct ObservedTransport {
    transport: HttpTransport,
    context: Arc<Mutex<MessageContext>>,
}

impl Transport for ObservedTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        self.context.lock().unwrap().clone_from(&message.context);
        self.transport.send(message)
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        self.transport.close(context)
    }
}

type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// This server responds with 400 where the specification requires 404.
#[tokio::test]
async fn everything_reopens_a_lost_session() {
    check_lost_session(Program::Everything, "echo", json!({ "message": "x" })).await;
}

#[tokio::test]
async fn fastmcp_reopens_a_lost_session() {
    check_lost_session(Program::FastMcp, "add", json!({ "a": 1, "b": 2 })).await;
}

#[tokio::test]
async fn python_sdk_reopens_a_lost_session() {
    check_lost_session(Program::PythonSdk, "greet", json!({ "name": "x" })).await;
}

/// Checks that a call in a lost session opens a new session and succeeds.
async fn check_lost_session(program: Program, tool: &str, arguments: serde_json::Value) {
    let Some(server) = Server::start(program, &[]) else { return };
    let transport = HttpTransport::builder(server.url()).bearer_token("alice-token").build();
    let transport = ObservedTransport { transport: transport.unwrap(), context: Arc::default() };
    // Otherwise fastmcp would negotiate a version without sessions.
    let client = Client::builder(transport.clone()).protocol_version(Revision::V2025_11_25).build();
    let forget = async || {
        let context = transport.context.lock().unwrap().clone();
        assert!(context.session.is_some());
        transport.close(context).await.unwrap();
    };

    let first = client.call_tool(tool, &arguments).await.unwrap();
    assert!(!first.is_error);
    forget().await;
    let second = client.call_tool(tool, &arguments).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(client.lost_session_count(), 1);

    // A lost session needs no DELETE.
    forget().await;
    client.close().await.unwrap();
    assert_eq!(client.call_tool(tool, &arguments).await.unwrap(), first);
    assert_eq!(client.lost_session_count(), 1);
}
