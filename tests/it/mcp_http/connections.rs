//! Connections that are kept, and that are found dead.

use mcp_testkit::{CallAnswer, TestServer, Tool};
use serde_json::json;

use crate::support::{Front, client_of, strict};

async fn on_port(port: u16) -> TestServer {
    let tool = Tool::new("wait", json!({ "type": "object" }), |_| CallAnswer::text("done"));
    TestServer::builder().port(port).tool(tool).start().await.expect("the port is free")
}

#[tokio::test]
async fn a_restart_between_two_calls_fails_neither() {
    // What is kept of the old connections is found dead before anything is sent over it.
    let server = on_port(0).await;
    let url = server.url().to_owned();
    let port = url.trim_start_matches("http://127.0.0.1:").trim_end_matches("/mcp");
    let port = port.parse().expect("a port");
    let client = client_of(&url);
    client.call_tool("wait", ()).await.unwrap();
    let mut server = Some(server);
    for _ in 0..20 {
        server.take().expect("a server").stop().await;
        server = Some(on_port(port).await);
        client.call_tool("wait", ()).await.unwrap();
    }
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let server = strict().await;
    let front = Front::plain(server.url()).await;
    let client = client_of(&front.url());
    for _ in 0..8 {
        client.call_tool("wait", ()).await.unwrap();
    }
    assert_eq!(front.connections(), 1);
}
