//! Invalid settings, and servers that cannot be reached.

use insta::assert_snapshot;
use mcp_http::{HttpClient, HttpTransport};

use crate::support::{
    ALICE, ScriptedServer, UnreachableServer, describe_error, describe_result, stateful_client,
};

#[test]
fn invalid_urls_are_rejected() {
    let mut shown = String::new();
    for url in [
        "",
        "example.com/mcp",
        "ftp://example.com/",
        "https://user:5ecret@example.com/mcp",
        "https://user@example.com/mcp",
        "https://example.com/mcp#top",
        "javascript:alert(1)",
    ] {
        shown += &describe_error(&HttpTransport::builder(url).build().unwrap_err());
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    invalid server URL: relative URL without a base
    -> InvalidEndpoint
    invalid server URL: relative URL without a base
    -> InvalidEndpoint
    invalid server URL: the scheme must be "http" or "https"
    -> InvalidEndpoint
    invalid server URL: it must not contain a user name or password
    -> InvalidEndpoint
    invalid server URL: it must not contain a user name or password
    -> InvalidEndpoint
    invalid server URL: it must not contain a fragment
    -> InvalidEndpoint
    invalid server URL: the scheme must be "http" or "https"
    -> InvalidEndpoint
    "#);
}

#[test]
fn protocol_headers_cannot_be_configured() {
    let mut shown = String::new();
    for (name, value) in [
        ("Authorization", "Bearer 5ecret"),
        ("accept", "*/*"),
        ("MCP-Session-Id", "s"),
        ("mcp-protocol-version", "2025-11-25"),
        ("Host", "example.com"),
        ("Content-Length", "1"),
        ("x y", "1"),
        ("", "1"),
        ("x-a", "5ecret\r\nx-b: 2"),
    ] {
        let transport = HttpTransport::builder("https://example.com/").header(name, value);
        shown += &describe_error(&transport.build().unwrap_err());
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    cannot set header "Authorization": the transport sets it
    -> InvalidHeader
    cannot set header "accept": the transport sets it
    -> InvalidHeader
    cannot set header "MCP-Session-Id": the transport sets it
    -> InvalidHeader
    cannot set header "mcp-protocol-version": the transport sets it
    -> InvalidHeader
    cannot set header "Host": the transport sets it
    -> InvalidHeader
    cannot set header "Content-Length": the transport sets it
    -> InvalidHeader
    cannot set header "x y": invalid header name
    -> InvalidHeader
    cannot set header "": invalid header name
    -> InvalidHeader
    cannot set header "x-a": its value contains a character that is not allowed in a header
    -> InvalidHeader
    "#);
}

#[tokio::test]
async fn tokens_with_invalid_characters_are_not_sent() {
    let server = ScriptedServer::start().await;
    let mut shown = String::new();
    for token in ["", "5ecret of alice", "5ecret\n", "5ecret\r\nX-Evil: 1", "5\u{e9}cret"] {
        let transport = HttpTransport::builder(server.url()).bearer_token(token).build().unwrap();
        shown += &describe_result(stateful_client(transport).list_tools().await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Blocked, did not run
    the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Blocked, did not run
    the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Blocked, did not run
    the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Blocked, did not run
    the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Blocked, did not run
    ");
    assert_eq!(server.request_log().await, "");
}

#[tokio::test]
async fn tokens_are_not_sent_unencrypted_to_other_hosts() {
    // AUTH-06, AUTH-05: nothing is sent, so these addresses are not connected to
    let mut shown = String::new();
    for url in
        ["http://192.0.2.1/mcp", "http://example.invalid/mcp?key=5ecret", "http://[2001:db8::1]/"]
    {
        let transport = HttpTransport::builder(url).bearer_token(ALICE).build().unwrap();
        shown += &describe_result(stateful_client(transport).list_tools().await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    credentials would be sent unencrypted to http://example.invalid/mcp?****; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    credentials would be sent unencrypted to http://[2001:db8::1]/; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    ");
}

#[tokio::test]
async fn subdomain_of_localhost_is_treated_as_another_host() {
    // AUTH-06: a resolver may ask the network for this name
    let transport = HttpTransport::builder("http://api.localhost:1/mcp").bearer_token(ALICE);
    assert_snapshot!(describe_result(stateful_client(transport.build().unwrap()).list_tools().await), @"
    credentials would be sent unencrypted to http://api.localhost:1/mcp; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    ");
}

#[test]
fn configured_headers_are_rejected_for_unencrypted_hosts() {
    // AUTH-05, AUTH-06: the headers may be keys, so that building the transport fails
    let builder = |url: &str| HttpTransport::builder(url).header("x-key", "5ecret");
    let mut shown = String::new();
    for url in ["http://192.0.2.1/mcp", "http://example.invalid/mcp", "http://api.localhost/"] {
        shown += &describe_error(&builder(url).build().unwrap_err());
        shown += "\n";
        builder(url).dangerously_allow_insecure_http(true).build().unwrap();
        HttpTransport::builder(url).build().unwrap();
    }
    assert_snapshot!(shown, @"
    credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server
    -> InsecureHttp
    credentials would be sent unencrypted to http://example.invalid/mcp; use https, or allow insecure HTTP for this server
    -> InsecureHttp
    credentials would be sent unencrypted to http://api.localhost/; use https, or allow insecure HTTP for this server
    -> InsecureHttp
    ");
    for url in ["https://example.invalid/mcp", "http://localhost/", "http://127.0.0.1:1/"] {
        builder(url).build().unwrap();
    }
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    let absent = UnreachableServer::new();
    let url = format!("{}?key=5ecret", absent.url());
    let transport = HttpTransport::builder(url).bearer_token(ALICE).build().unwrap();
    assert_snapshot!(describe_result(stateful_client(transport).list_tools().await), @"
    cannot connect to [server]/mcp?****
      client error (Connect)
      tcp connect error
      Connection refused (os error )
    -> Unreachable, did not run
    ");
}

#[tokio::test]
async fn transports_can_share_an_http_client() {
    let server = ScriptedServer::start().await;
    let shared = HttpClient::new().unwrap();
    for _ in 0..2 {
        let builder = HttpTransport::builder(server.url()).bearer_token(ALICE);
        let transport = builder.http_client(shared.clone()).build().unwrap();
        stateful_client(transport).list_tools().await.unwrap();
    }
    assert_eq!(server.requests_of("tools/list").await.len(), 2);
}
