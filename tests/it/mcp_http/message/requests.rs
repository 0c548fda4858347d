//! The headers and targets of requests.

use std::sync::Arc;

use insta::assert_snapshot;
use mcp_http::{AccessToken, Client, HttpTransport};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    ALICE, BOB, Script, ScriptedServer, full_request_log, sse, stateful_client, with_timeout,
};

#[tokio::test]
async fn configured_headers_are_sent_with_every_request() {
    let server = ScriptedServer::start().await;
    let transport = HttpTransport::builder(server.url())
        .bearer_token(ALICE)
        .header("X-Team", "blue")
        .header("x-team", "red")
        .header("X-Trace", "1")
        .build()
        .unwrap();
    let client = stateful_client(transport);
    client.list_tools().await.unwrap();
    client.close().await.unwrap();
    let sent = server.requests().await;
    let carried = sent
        .iter()
        .filter(|sent| full_request_log([*sent]).contains("x-team: blue\nx-team: red\nx-trace: 1"));
    assert_eq!(carried.count(), 4);
    assert_snapshot!(full_request_log(&server.requests_of("tools/list").await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    x-team: blue
    x-team: red
    x-trace: 1
    {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}
    "#);
}

#[tokio::test]
async fn authorization_header_is_absent_without_a_token() {
    let server = ScriptedServer::start().await;
    stateful_client(HttpTransport::builder(server.url()).build().unwrap())
        .list_tools()
        .await
        .unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1
    notifications/initialized, session-1, 2025-11-25
    tools/list 2, session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn query_of_the_url_is_kept_and_contains_no_token() {
    // AUTH-03, N-AUTH-09
    let server = ScriptedServer::start().await;
    let url = format!("{}?tenant=a%20b&x=", server.url());
    let transport = HttpTransport::builder(url).bearer_token(ALICE).build().unwrap();
    let client = stateful_client(transport);
    client.connect().await.unwrap();
    client.close().await.unwrap();
    let targets: Vec<_> = server
        .requests()
        .await
        .iter()
        .map(|sent| full_request_log([sent]).lines().next().unwrap().to_owned())
        .collect();
    assert_snapshot!(targets.join("\n"), @"
    POST /mcp?tenant=a%20b&x=
    POST /mcp?tenant=a%20b&x=
    DELETE /mcp?tenant=a%20b&x=
    ");
}

#[tokio::test]
async fn response_to_a_server_request_carries_the_same_headers() {
    // HTTP-07, HTTP-30, AUTH-02, N-AUTH-09
    let stream = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n\n\
                  data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}\n\n";
    let server = Script::new().on("tools/call", sse(stream)).start().await;
    server.client().call_tool("add", ()).await.unwrap();
    assert_snapshot!(full_request_log(&server.wait_for_requests("response", 1).await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    {"jsonrpc":"2.0","id":1,"result":{}}
    "#);
}

#[tokio::test]
async fn transports_with_different_tokens_share_no_session() {
    // LIFE-18
    let server = ScriptedServer::start().await;
    let alice = server.transport();
    let bob = alice.with_token_source(Some(Arc::new(AccessToken::new(BOB))));
    let anonymous = alice.with_token_source(None);
    for transport in [alice, bob, anonymous] {
        stateful_client(transport).call_tool("add", json!({})).await.unwrap();
    }
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    initialize 1, [bob]
    notifications/initialized, [bob], session-2, 2025-11-25
    tools/call 2, [bob], session-2, 2025-11-25
    initialize 1
    notifications/initialized, session-3, 2025-11-25
    tools/call 2, session-3, 2025-11-25
    ");
}

#[tokio::test]
async fn client_info_is_configurable() {
    let server = ScriptedServer::start().await;
    Client::builder(server.transport())
        .client_info("an app", "2.1")
        .build()
        .connect()
        .await
        .unwrap();
    let opening = server.requests_of("initialize").await[0].json();
    assert_snapshot!(opening["params"]["clientInfo"], @r#"{"name":"an app","version":"2.1"}"#);
}

#[tokio::test]
async fn response_header_names_are_case_insensitive() {
    // HTTP-32
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let server = async {
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        let first = read_request(&mut connection).await;
        assert!(first.contains("\"initialize\""), "{first}");
        let result = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "serverInfo": { "name": "loud", "version": "1" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string();
        let response = format!(
            "HTTP/1.1 200 OK\r\nCONTENT-TYPE: application/json\r\nMCP-SESSION-ID: loud-1\r\n\
             CONTENT-LENGTH: {}\r\n\r\n{body}",
            body.len(),
        );
        connection.write_all(response.as_bytes()).await.unwrap();
        let second = read_request(&mut connection).await;
        connection.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        second
    };
    let client = stateful_client(HttpTransport::builder(url).build().unwrap());
    let (connected, second) = with_timeout(async { tokio::join!(client.connect(), server) }).await;
    connected.unwrap();
    assert!(second.to_ascii_lowercase().contains("mcp-session-id: loud-1"), "{second}");
}

/// Reads one request with its headers and its body.
async fn read_request(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        connection.read_line(&mut head).await.expect("a header line");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    connection.read_exact(&mut body).await.expect("a body");
    head + &String::from_utf8_lossy(&body)
}
