//! The header `User-Agent`, which firewalls require.

use mcp_http::{HttpClient, HttpTransport};
use relay::{Relay, Server};

use crate::support::{ScriptedServer, stateful_client};

const LIBRARY: &str = concat!("relay/", env!("CARGO_PKG_VERSION"));

/// The `User-Agent` of all requests to a server.
async fn user_agents(server: &ScriptedServer) -> Vec<String> {
    let requests = server.all_requests().await;
    assert!(requests.len() > 2);
    let mut agents: Vec<_> =
        requests.iter().map(|sent| sent.header("user-agent").unwrap_or_default()).collect();
    agents.dedup();
    agents
}

#[tokio::test]
async fn each_request_names_the_library() {
    let server = ScriptedServer::start().await;
    let client = stateful_client(server.transport());
    client.list_tools().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(user_agents(&server).await, [LIBRARY]);
}

#[tokio::test]
async fn the_application_comes_first() {
    let server = ScriptedServer::start().await;
    let relay = Relay::builder()
        .client_info("Chat App", "2.1")
        .server("main", Server::http(server.url()))
        .build()
        .unwrap();
    relay.tools("main").await.unwrap().call("add", ()).await.unwrap();
    assert_eq!(user_agents(&server).await, [format!("Chat-App/2.1 {LIBRARY}")]);
}

#[tokio::test]
async fn a_configured_header_replaces_it() {
    let server = ScriptedServer::start().await;
    let settings = Server::http(server.url()).header("User-Agent", "crawler/1");
    let relay = Relay::builder().client_info("chat", "1").server("main", settings).build().unwrap();
    relay.tools("main").await.unwrap();
    assert_eq!(user_agents(&server).await, ["crawler/1"]);
    let server = ScriptedServer::start().await;
    let http = HttpClient::builder().user_agent("browser/1").build().unwrap();
    let transport = HttpTransport::builder(server.url()).http_client(http).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap();
    assert_eq!(user_agents(&server).await, ["browser/1"]);
}
