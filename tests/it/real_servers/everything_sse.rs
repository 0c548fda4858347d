//! The reference server over HTTP+SSE, the transport of 2024-11-05.

use futures_util::future::join_all;
use peers::{Program, Server as RealServer};
use relay::{Relay, Server};
use serde_json::json;

#[tokio::test]
async fn http_sse_is_detected_or_configured() {
    // LEG-01, LEG-04, LEG-06
    let Some(server) = RealServer::start(Program::EverythingSse, &[]) else { return };
    for settings in [Server::http(server.sse_url()), Server::sse(server.sse_url())] {
        let relay = Relay::builder().server("all", settings).build().unwrap();
        let tools = relay.with_token("t").tools("all").await.unwrap();
        assert!(tools.iter().count() > 10);
        let sum = tools.call("relay__all__get-sum", json!({ "a": 2, "b": 40 })).await.unwrap();
        assert_eq!(sum.text(), "The sum of 2 and 40 is 42.");
        relay.close().await.unwrap();
    }
}

#[tokio::test]
async fn concurrent_calls_share_the_stream() {
    let Some(server) = RealServer::start(Program::EverythingSse, &[]) else { return };
    let relay = Relay::builder().server("all", Server::sse(server.sse_url())).build().unwrap();
    let tools = relay.with_token("t").tools("all").await.unwrap();
    let calls = (0..50).map(async |number| {
        let called = tools.call("relay__all__echo", json!({ "message": format!("{number}") }));
        assert_eq!(called.await.unwrap().text(), format!("Echo: {number}"));
    });
    join_all(calls).await;
}
