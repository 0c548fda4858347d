//! Proxies: only configured ones are used, and never for this machine.

use std::process::Stdio;

use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::{HttpClient, HttpClientBuilder, HttpTransport};
use tokio::{io::AsyncReadExt, net::TcpListener, process::Command};

use crate::support::{ALICE, ScriptedServer, describe_result, stateful_client};

/// A server that does not exist, so that only a proxy can respond for it.
const REMOTE_URL: &str = "http://mcp.invalid/mcp";

fn proxy_of(server: &ScriptedServer) -> String {
    server.url().trim_end_matches("/mcp").to_owned()
}

fn client_for_url(url: &str, settings: HttpClientBuilder) -> Client {
    let connections = settings.build().expect("usable settings");
    let transport = HttpTransport::builder(url).http_client(connections);
    stateful_client(transport.build().expect("a usable URL"))
}

#[tokio::test]
async fn proxy_is_not_used_for_localhost() {
    let (proxy, server) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let settings = || HttpClient::builder().proxy(proxy_of(&proxy));
    client_for_url(REMOTE_URL, settings()).connect().await.unwrap();
    assert_eq!(proxy.requests_of("initialize").await.len(), 1);
    client_for_url(&server.url(), settings()).connect().await.unwrap();
    assert_eq!(server.requests_of("initialize").await.len(), 1);
    assert_eq!(proxy.requests_of("initialize").await.len(), 1);
}

#[tokio::test]
async fn proxy_sees_the_target_but_no_token() {
    // AUTH-05
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:pass@{}", listener.local_addr().unwrap());
    let connections = HttpClient::builder().proxy(proxy).build().unwrap();
    let transport = HttpTransport::builder("https://mcp.invalid/mcp").bearer_token(ALICE);
    let client = stateful_client(transport.http_client(connections).build().unwrap());
    let proxying = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut seen = vec![0; 4096];
        let length = connection.read(&mut seen).await.unwrap();
        String::from_utf8_lossy(&seen[..length]).into_owned()
    };
    let (refused, seen) = tokio::join!(client.connect(), proxying);
    assert!(seen.starts_with("CONNECT mcp.invalid:443 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_ascii_lowercase().contains("proxy-authorization: basic"), "{seen}");
    assert!(!seen.contains("5ecret"), "{seen}");
    let refused = describe_result(refused);
    assert!(refused.ends_with("-> Unreachable, did not run"), "{refused}");
    assert!(!refused.contains("pass"), "{refused}");
}

/// Set in a child process, whose environment names a proxy.
const CHILD: &str = "RELAY_TEST_PROXIES_OF";

#[tokio::test]
async fn proxy_of_the_environment_is_used_on_request_only() {
    if let Ok(use_environment) = std::env::var(CHILD) {
        let settings = HttpClient::builder();
        let settings =
            if use_environment == "yes" { settings.environment_proxies() } else { settings };
        let local = std::env::var("RELAY_TEST_LOCAL").unwrap();
        client_for_url(&local, HttpClient::builder().environment_proxies())
            .connect()
            .await
            .unwrap();
        println!("{}", describe_result(client_for_url(REMOTE_URL, settings).connect().await));
        return;
    }
    let (proxy, local) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let child = async |use_environment: &str| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "--nocapture"]);
        child.arg("mcp_http::client::proxies::proxy_of_the_environment_is_used_on_request_only");
        child.env(CHILD, use_environment).env("RELAY_TEST_LOCAL", local.url());
        child.env("http_proxy", proxy_of(&proxy)).env_remove("NO_PROXY").env_remove("no_proxy");
        let output = child.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = child("no").await;
    assert!(shown.contains("-> Unreachable, did not run"), "{shown}");
    assert_eq!(proxy.requests().await.len(), 0);
    let shown = child("yes").await;
    assert!(shown.contains("it went well"), "{shown}");
    assert_snapshot!(proxy.request_log().await, @"
    initialize 1
    notifications/initialized, session-1, 2025-11-25
    ");
    assert_eq!(local.requests_of("initialize").await.len(), 2);
}
