//! Connections that are reused or closed.

use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{Response, StatusCode};
use mcp_http::{HttpClient, HttpTransport};
use mcp_testkit::{Fault, On, RecordedRequest, Reply};
use tokio::{net::TcpListener, runtime::Handle, task, time};

use crate::support::{
    TcpProxy, advance_until, client_for_url, describe_result, start_test_server, stateful_client,
    with_timeout,
};

#[tokio::test]
async fn closed_idle_connection_does_not_fail_the_next_call() {
    // The connection was closed between two calls, so that nothing is sent on it.
    let server = start_test_server().await;
    let proxy = TcpProxy::start(server.url()).await;
    let client = client_for_url(&proxy.url());
    client.call_tool("wait", ()).await.unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    for turn in 1..=20 {
        let open = tasks();
        proxy.close_connections().await;
        // The tasks of the connection end: those of the client, the proxy and the server.
        let closed = async {
            while tasks() > open - 3 {
                task::yield_now().await;
            }
        };
        with_timeout(closed).await;
        client.call_tool("wait", ()).await.unwrap();
        assert_eq!((proxy.connection_count(), server.count("tools/call")), (turn + 1, turn + 1));
    }
}

#[tokio::test]
async fn sequential_calls_share_one_connection() {
    // HTTP-08: whatever the response, and however it arrives
    let server = start_test_server().await;
    let proxy = TcpProxy::start(server.url()).await;
    let client = client_for_url(&proxy.url());
    let streamed = |response: &'static str| {
        Fault::reply_with(move |request: &RecordedRequest| {
            let id = request.id().expect("an id");
            let event = format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},{response}}}\n\n");
            Reply::sse([event, ": bye\n\n".to_owned()])
        })
    };
    let error = r#""error":{"code":-32000,"message":"no"}"#;
    server.script(On::method("tools/call").nth(1), streamed(r#""result":{"content":[]}"#));
    server.script(On::method("tools/call").nth(2), streamed(error));
    for turn in 1..=4 {
        assert_eq!(client.call_tool("wait", ()).await.is_err(), turn == 2);
        // The rest of a body may be read by another task.
        let_tasks_finish().await;
    }
    assert_eq!(proxy.connection_count(), 1);
}

/// Lets all tasks run that do not wait for time.
async fn let_tasks_finish() {
    advance_until(time::sleep(Duration::from_millis(100))).await;
}

/// Accepts one HTTP/2 connection, refuses its first `refusals` streams, and responds to the others.
///
/// Returns the number of streams.
async fn serve_refusing(listener: TcpListener, refusals: usize) -> usize {
    let (connection, _) = listener.accept().await.expect("a connection");
    let mut connection = h2::server::handshake(connection).await.expect("HTTP/2");
    let mut count = 0;
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        count += 1;
        if count <= refusals {
            respond.send_reset(Reason::REFUSED_STREAM);
            continue;
        }
        let response = Response::builder()
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .body(())
            .expect("a response");
        let mut body = respond.send_response(response, false).expect("an open stream");
        body.send_data(Bytes::new(), true).expect("an open stream");
    }
    count
}

#[tokio::test]
async fn http2_request_refused_by_the_server_is_sent_again() {
    for (refusals, expected) in
        [(2, "-> Status(503), did not run"), (9, "-> Unreachable, did not run")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let server = tokio::spawn(serve_refusing(listener, refusals));
        let connections = HttpClient::builder().http2_prior_knowledge(true).build().unwrap();
        let transport = HttpTransport::builder(url).http_client(connections).build().unwrap();
        let shown = describe_result(stateful_client(transport).connect().await);
        assert!(shown.ends_with(expected), "{refusals}: {shown}");
        assert_eq!(with_timeout(server).await.unwrap(), 3);
    }
}
