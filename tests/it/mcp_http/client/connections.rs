//! Connections that are reused or closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::Reason;
use http::{Response, StatusCode};
use mcp_client::mcp_types::Revision;
use mcp_http::{HttpClient, HttpTransport};
use mcp_testkit::{Fault, On, RecordedRequest, Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::Handle,
    task, time,
};

use crate::support::{
    TcpProxy, advance_until, client_for_url, client_with_version, describe_result,
    start_test_server, stateful_client, with_timeout,
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

/// Accepts HTTP/2 connections. Ends each with GOAWAY once it has a request. Counts them.
async fn serve_going_away(listener: TcpListener, code: u8, connections: Arc<AtomicUsize>) {
    const PREFACE_LENGTH: usize = 24;
    const HEADERS: u8 = 1;
    // Frames start with their length, type, flags and stream (RFC 9113, section 4.1).
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    while let Ok((mut connection, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        connection.read_exact(&mut [0; PREFACE_LENGTH]).await.expect("HTTP/2");
        connection.write_all(&SETTINGS).await.expect("an open connection");
        let mut frame = [0; 9];
        while frame[3] != HEADERS {
            connection.read_exact(&mut frame).await.expect("a frame");
            let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
            let mut payload = vec![0; usize::try_from(length).expect("a length")];
            connection.read_exact(&mut payload).await.expect("a frame");
        }
        // The last stream is 0, which says that no request was processed.
        let go_away = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, code];
        connection.write_all(&go_away).await.expect("an open connection");
    }
}

#[tokio::test]
async fn http2_request_is_sent_again_only_if_the_server_shuts_down_without_an_error() {
    // RFC 9113, sections 6.8 and 7: NO_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM. A server that fails
    // may have processed more than it says.
    for (code, expected) in [(0, 3), (2, 1), (11, 1)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(serve_going_away(listener, code, Arc::clone(&connections)));
        let http = HttpClient::builder().http2_prior_knowledge(true).build().unwrap();
        let transport = HttpTransport::builder(url).http_client(http).build().unwrap();
        let client = client_with_version(transport, Revision::V2026_07_28);
        let shown = describe_result(with_timeout(client.call_tool("wait", ())).await);
        assert_eq!(shown.contains("did not run"), code == 0, "{shown}");
        assert_eq!(connections.load(Ordering::Relaxed), expected, "{code}: {shown}");
        server.abort();
    }
}

#[tokio::test]
async fn silent_tls_peer_is_given_up_after_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let direct = HttpClient::builder();
    let proxied = HttpClient::builder().proxy(format!("http://{address}"));
    let urls = [format!("https://{address}/mcp"), "https://mcp.invalid/mcp".to_owned()];
    for (settings, url) in [direct, proxied].into_iter().zip(urls) {
        let http = settings.connect_timeout(Duration::from_secs(3)).build().unwrap();
        let transport = HttpTransport::builder(url).http_client(http).build().unwrap();
        let client = stateful_client(transport);
        let (connected, took) = advance_until(client.connect()).await;
        let shown = describe_result(connected);
        assert!(shown.ends_with("-> Unreachable, did not run"), "{shown}");
        assert!((2..5).contains(&took.as_secs()), "{took:?}");
    }
}
