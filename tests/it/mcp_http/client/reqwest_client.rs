//! A `reqwest::Client` of the application, which follows the same rules as the built-in client.

use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::HttpTransport;
use mcp_testkit::{Fault, On};

use crate::support::{
    ALICE, Script, ScriptedServer, UnreachableServer, describe_result, reqwest_http_client,
    start_test_server, stateful_client, status,
};

fn client_for_url(url: &str) -> Client {
    let transport =
        HttpTransport::builder(url).bearer_token(ALICE).http_client(reqwest_http_client());
    stateful_client(transport.build().expect("a usable URL"))
}

#[tokio::test]
async fn provided_client_sends_token_and_session() {
    let server = ScriptedServer::start().await;
    client_for_url(&server.url()).list_tools().await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn provided_client_distinguishes_unreachable_from_interrupted() {
    let absent = UnreachableServer::new();
    let nowhere = format!("{}?key=5ecret", absent.url());
    assert_snapshot!(describe_result(client_for_url(&nowhere).list_tools().await), @"
    cannot connect to [server]/mcp?****
      error sending request
      client error (Connect)
      tcp connect error
      Connection refused (os error )
    -> Unreachable, did not run
    ");
    let server = start_test_server().await;
    let client = client_for_url(server.url());
    client.connect().await.unwrap();
    server.script(On::method("tools/call"), Fault::Close);
    let shown = describe_result(client.call_tool("wait", ()).await);
    assert!(shown.starts_with("the connection to [server]/mcp was lost\n"), "{shown}");
    assert!(shown.ends_with("-> Interrupted"), "{shown}");
}

#[tokio::test]
async fn provided_client_follows_redirects_like_others() {
    let redirect = status(307).header("location", "/elsewhere");
    let server = Script::new().on("tools/call", redirect).start().await;
    assert_snapshot!(describe_result(client_for_url(&server.url()).call_tool("add", ()).await), @"
    [server]/mcp redirects to [server]/elsewhere, which is not followed; configure that URL if it is correct
    -> Status(307)
    ");
    assert_eq!(server.requests_of("tools/call").await.len(), 4);
}
