//! Start and stop of a server.

use mcp_testkit::{Barrier, Error, Fault, On, RecordedRequest, TestServer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::support::StatefulClient;

fn address(server: &TestServer) -> String {
    server.url().trim_start_matches("http://").trim_end_matches("/mcp").to_owned()
}

#[tokio::test]
async fn stop_closes_connections_and_frees_the_port() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    let (address, barrier) = (address(&server), Barrier::new());
    server.script(On::method("ping"), Fault::Hold(barrier.clone()));
    let mut stateful = StatefulClient::connect(&server).await;
    let ping = stateful.message("ping", json!({}));
    let held = tokio::spawn(stateful.post(&ping).send());
    barrier.wait_for_arrivals(1).await;

    server.stop().await;
    assert!(held.await.unwrap().is_err(), "the held response is lost");
    assert!(TcpStream::connect(&address).await.is_err());
    TcpListener::bind(&address).await.expect("the port is free again");
}

#[tokio::test]
async fn drop_closes_connections_with_held_responses() {
    let server = TestServer::builder().start().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::any(), Fault::Hold(barrier.clone()));
    let mut stateful = StatefulClient::new(&server);
    let ping = stateful.message("ping", json!({}));
    let held = tokio::spawn(stateful.post(&ping).send());
    barrier.wait_for_arrivals(1).await;
    drop(server);
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn serves_http_2_and_stop_closes_its_streams() {
    let server = TestServer::builder().start().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::any().nth(2), Fault::Hold(barrier.clone()));
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let http = http.tls_certs_only([]).build().unwrap();
    let response = http.post(server.url()).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    let held = tokio::spawn(http.post(server.url()).send());
    barrier.wait_for_arrivals(1).await;
    server.stop().await;
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn received_waits_for_a_request() {
    let server = TestServer::builder().start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    let cancelled = stateful.notify("notifications/cancelled");
    let (response, ()) =
        tokio::join!(cancelled, server.wait_for_requests("notifications/cancelled", 1));
    assert_eq!(response.status(), 202);
    assert_eq!(server.count("notifications/cancelled"), 1);
}

#[tokio::test]
async fn taken_requests_are_forgotten() {
    let server = TestServer::builder().start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    stateful.notify("notifications/cancelled").await;
    let taken = server.take_requests();
    let methods: Vec<_> = taken.iter().map(RecordedRequest::method).collect();
    assert_eq!(methods, ["initialize", "notifications/initialized", "notifications/cancelled"]);
    assert!(server.requests().is_empty());
    stateful.notify("notifications/cancelled").await;
    assert_eq!(server.count("notifications/cancelled"), 1, "only the one after it");
}

#[tokio::test]
async fn start_fails_without_revisions_or_if_the_port_is_taken() {
    let none = TestServer::builder().revisions([]).start().await;
    assert!(matches!(none, Err(Error::NoRevision)));

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = TestServer::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{port}"));
}
