//! Informational responses (1xx) before the response.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use mcp_client::Limits;

use crate::support::{client_for_url, describe_result, with_timeout};

/// Starts a server that sends informational responses until the client disconnects.
fn start_endless_server() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (connection, _) = listener.accept().expect("a connection");
        send_endlessly(connection);
    });
    (url, server)
}

fn send_endlessly(mut connection: TcpStream) {
    let _ = connection.read(&mut [0; 4096]).expect("a request");
    let responses = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(4096);
    while connection.write_all(&responses).is_ok() {}
}

#[tokio::test]
async fn endless_informational_responses_end_with_the_request_timeout() {
    let (url, server) = start_endless_server();
    let mut limits = Limits::default();
    limits.timeout = Duration::from_millis(200);
    let client = client_for_url(&url).with_limits(limits);
    let began = Instant::now();
    assert_snapshot!(describe_result(client.connect().await), @r#"
    "initialize": no response within 200ms
    -> Timeout
    "#);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // The connection is closed, which ends the server.
    let ended = tokio::task::spawn_blocking(|| server.join());
    with_timeout(ended).await.unwrap().expect("the server does not fail");
}
