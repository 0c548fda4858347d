//! Sessions that a server forgets: what it answers then, and how the client goes on.

use std::sync::{Arc, Mutex};

use mcp_client::{Client, Context, Outgoing, Reply, Transport, TransportError};
use mcp_http::HttpTransport;
use mcp_types::Revision;
use peers::{Program, Server};
use serde_json::json;

/// A transport that lets the test end the session behind the client's back.
#[derive(Debug, Clone)]
struct Watched {
    transport: HttpTransport,
    context: Arc<Mutex<Context>>,
}

impl Transport for Watched {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        self.context.lock().unwrap().clone_from(&message.context);
        self.transport.send(message)
    }

    fn close(&self, context: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        self.transport.close(context)
    }
}

type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers 400 where the specification wants 404.
#[tokio::test]
async fn everything_reopens_a_lost_session() {
    check(Program::Everything, "echo", json!({ "message": "x" })).await;
}

#[tokio::test]
async fn fastmcp_reopens_a_lost_session() {
    check(Program::FastMcp, "add", json!({ "a": 1, "b": 2 })).await;
}

#[tokio::test]
async fn python_sdk_reopens_a_lost_session() {
    check(Program::PythonSdk, "greet", json!({ "name": "x" })).await;
}

/// A call in a session that the server has forgotten opens a new one and succeeds.
async fn check(program: Program, tool: &str, arguments: serde_json::Value) {
    let Some(server) = Server::start(program, &[]) else { return };
    let transport = HttpTransport::builder(server.url()).bearer_token("alice-token").build();
    let transport = Watched { transport: transport.unwrap(), context: Arc::default() };
    // FastMCP would else be spoken to in the era that has no sessions.
    let client = Client::builder(transport.clone()).protocol(Revision::V2025_11_25).build();
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
    assert_eq!(client.lost_sessions(), 1);

    // What is gone needs no end.
    forget().await;
    client.close().await.unwrap();
    assert_eq!(client.call_tool(tool, &arguments).await.unwrap(), first);
    assert_eq!(client.lost_sessions(), 1);
}
