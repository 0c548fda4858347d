//! Bodies of error responses that do not end or are truncated.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::{Client, TransportErrorKind};
use mcp_http::HttpTransport;
use mcp_testkit::{Barrier, On, Reply, TestServer};

use crate::support::{
    ALICE, advance_time, describe_result, start_test_server, stateful_client, with_timeout,
};

/// A server that fails like this, and a client of it with Alice's token.
async fn server_and_client(reply: Reply) -> (TestServer, Client) {
    let server = start_test_server().await;
    server.script(On::method("tools/call"), reply);
    let transport = HttpTransport::builder(server.url()).bearer_token(ALICE).build();
    (server, stateful_client(transport.expect("a usable URL")))
}

#[tokio::test]
async fn unfinished_error_body_does_not_hide_the_status() {
    for code in [400, 403, 500, 503] {
        let barrier = Barrier::new();
        let (_server, client) =
            server_and_client(Reply::status(code).chunk("out of or").hold(&barrier).chunk("der"))
                .await;
        client.connect().await.unwrap();
        let wait = async {
            with_timeout(barrier.wait_for_arrivals(1)).await;
            advance_time(Duration::from_secs(2)).await;
        };
        let (called, ()) = tokio::join!(client.call_tool("wait", ()), wait);
        let error = called.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Status(code)), "{error}");
    }
}

#[tokio::test]
async fn broken_error_body_shows_no_part_of_a_token() {
    // AUTH-05: the rest of the token is missing, so that the whole token cannot be found
    let half = &ALICE[..ALICE.len() - 1];
    let text = format!("no user has {ALICE}, but {half}");
    let (_server, client) = server_and_client(Reply::status(500).chunk(text.clone()).abort()).await;
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"
    [server]/mcp returned HTTP status 500 Internal Server Error: no user has ****, but
    -> Status(500)
    ");
    let (_server, client) = server_and_client(Reply::body("text/html", text).abort()).await;
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"
    expected JSON or an event stream from [server]/mcp, got text/html: no user has ****, but
    -> Protocol
    ");
}

#[tokio::test]
async fn truncated_error_body_shows_no_part_of_a_token() {
    // AUTH-05: the body is truncated in the middle of the token
    const LIMIT: usize = 64 * 1024;
    let half = ALICE.len() / 2;
    let text = format!("{}{ALICE}", "x".repeat(LIMIT - half));
    let (_server, client) = server_and_client(Reply::status(500).chunk(text)).await;
    let error = client.call_tool("wait", ()).await.unwrap_err();
    let mcp_client::Error::Transport(error) = error else { panic!("{error}") };
    assert_eq!(error.body().len(), LIMIT - half);
    let error = error.get_ref().downcast_ref();
    let Some(mcp_http::Error::Status { body, .. }) = error else { panic!("{error:?}") };
    assert!(body.as_bytes().iter().all(|byte| *byte == b'x'));
}
