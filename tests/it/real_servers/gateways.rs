//! Gateways from Streamable HTTP to servers on stdio.

use mcp_client::mcp_types::Revision;
use peers::{Program, Server as RealServer};
use relay::{Relay, Server};
use serde_json::json;

async fn check(program: Program, env: &[(&str, &str)], settings: impl Fn(&RealServer) -> Server) {
    let Some(server) = RealServer::start(program, env) else { return };
    let relay = Relay::builder().server("all", settings(&server)).build().unwrap();
    let tools = relay.without_token().tools("all").await.unwrap();
    assert!(tools.len() > 10, "{}", tools.len());
    let calls = (0..3).map(async |number| {
        let output = tools.call("echo", json!({ "message": format!("{number}") })).await.unwrap();
        assert_eq!(output.text(), format!("Echo: {number}"));
    });
    futures_util::future::join_all(calls).await;
    relay.close().await.unwrap();
}

fn detected(server: &RealServer) -> Server {
    Server::http(server.url())
}

#[tokio::test]
async fn supergateway_without_sessions() {
    check(Program::Supergateway(false), &[], detected).await;
}

#[tokio::test]
async fn supergateway_with_sessions() {
    check(Program::Supergateway(true), &[], detected).await;
}

#[tokio::test]
async fn supergateway_with_a_configured_protocol_version() {
    // As the documentation advises, because it starts a server for each stateless request.
    check(Program::Supergateway(true), &[], |server| {
        Server::http(server.url()).protocol_version(Revision::V2025_11_25)
    })
    .await;
}

#[tokio::test]
async fn mcp_proxy_with_sessions() {
    check(Program::McpProxy, &[], detected).await;
}

#[tokio::test]
async fn mcp_proxy_without_sessions() {
    check(Program::McpProxy, &[("STATELESS", "1")], detected).await;
}

#[tokio::test]
async fn mcp_proxy_over_http_sse() {
    check(Program::McpProxy, &[], |server| Server::sse(server.sse_url())).await;
}
