//! Start and stop.

use mcp_testkit::{Error, Fault, Gate, On, TestServer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::support::Peer;

fn address(server: &TestServer) -> String {
    server.url().trim_start_matches("http://").trim_end_matches("/mcp").to_owned()
}

#[tokio::test]
async fn a_stopped_server_is_gone() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    let (address, gate) = (address(&server), Gate::new());
    server.script(On::method("ping"), Fault::Hold(gate.clone()));
    let mut peer = Peer::open(&server).await;
    let ping = peer.message("ping", json!({}));
    let held = tokio::spawn(peer.post(&ping).send());
    gate.reached(1).await;

    server.stop().await;
    assert!(held.await.unwrap().is_err(), "what was held is cut");
    assert!(TcpStream::connect(&address).await.is_err());
    TcpListener::bind(&address).await.expect("the port is free again");
}

#[tokio::test]
async fn a_dropped_server_cuts_what_it_holds() {
    let server = TestServer::builder().start().await.unwrap();
    let gate = Gate::new();
    server.script(On::any(), Fault::Hold(gate.clone()));
    let mut peer = Peer::new(&server);
    let ping = peer.message("ping", json!({}));
    let held = tokio::spawn(peer.post(&ping).send());
    gate.reached(1).await;
    drop(server);
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn http_2_is_spoken_and_stopped_too() {
    let server = TestServer::builder().start().await.unwrap();
    let gate = Gate::new();
    server.script(On::any().nth(2), Fault::Hold(gate.clone()));
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let http = http.tls_certs_only([]).build().unwrap();
    let response = http.post(server.url()).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    let held = tokio::spawn(http.post(server.url()).send());
    gate.reached(1).await;
    server.stop().await;
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn requests_can_be_waited_for() {
    let server = TestServer::builder().start().await.unwrap();
    let peer = Peer::open(&server).await;
    let cancelled = peer.notify("notifications/cancelled");
    let (response, ()) = tokio::join!(cancelled, server.received("notifications/cancelled", 1));
    assert_eq!(response.status(), 202);
    assert_eq!(server.count("notifications/cancelled"), 1);
}

#[tokio::test]
async fn what_prevents_a_start_is_told() {
    let none = TestServer::builder().revisions([]).start().await;
    assert!(matches!(none, Err(Error::NoRevision)));

    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = TestServer::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{port}"));
}
