//! Dynamic registrations of an application whose redirect URI has another port each time.

use mcp_oauth::{MemoryStore, OAuthClient};
use mcp_testkit::{AuthorizationServer, OAuthEndpoint};

use super::support::OAuthFixture;

/// The application, as a program that listens on this port.
fn application(store: &MemoryStore, port: u16) -> OAuthClient {
    let redirect_uri = format!("http://127.0.0.1:{port}/callback");
    OAuthClient::builder("tests", redirect_uri).store(store.clone()).build().unwrap()
}

/// Signs in on each port. Returns the number of registrations after each sign-in.
async fn registrations(fixture: &OAuthFixture, store: &MemoryStore, ports: &[u16]) -> Vec<usize> {
    let mut counts = Vec::new();
    for port in ports {
        let client = application(store, *port);
        let credentials = fixture.sign_in(&client, &client.user("ann")).await.unwrap();
        let redirect_uri = format!("http://127.0.0.1:{port}/callback");
        assert_eq!(credentials.registration.redirect_uri, Some(redirect_uri));
        counts.push(fixture.authorization_server.count(OAuthEndpoint::Registration));
    }
    counts
}

#[tokio::test]
async fn one_registration_is_used_for_all_ports() {
    let fixture = OAuthFixture::start().await;
    let store = MemoryStore::new();
    assert_eq!(registrations(&fixture, &store, &[4000, 4001, 4000]).await, [1, 1, 1]);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn a_port_is_registered_if_the_server_compares_ports() {
    let server = AuthorizationServer::builder().any_loopback_port(false);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let store = MemoryStore::new();
    assert_eq!(registrations(&fixture, &store, &[4000, 4000, 4001]).await, [1, 1, 2]);
    // From then on, other ports are registered without a request that fails.
    let before = fixture.authorization_server.violations().len();
    assert_eq!(registrations(&fixture, &store, &[4002, 4002]).await, [3, 3]);
    assert_eq!(fixture.authorization_server.violations().len(), before);
}

#[tokio::test]
async fn a_dead_registration_is_replaced() {
    let fixture = OAuthFixture::start().await;
    let store = MemoryStore::new();
    assert_eq!(registrations(&fixture, &store, &[4000]).await, [1]);
    for port in [4000, 4001] {
        let before = fixture.authorization_server.count(OAuthEndpoint::Registration);
        fixture.authorization_server.remove_clients();
        assert_eq!(registrations(&fixture, &store, &[port]).await, [before + 1]);
        // Its port is not fixed.
        assert_eq!(registrations(&fixture, &store, &[port + 100]).await, [before + 1]);
    }
}

#[tokio::test]
async fn the_check_of_a_registration_does_not_reveal_the_state() {
    let fixture = OAuthFixture::start().await;
    let store = MemoryStore::new();
    registrations(&fixture, &store, &[4000]).await;
    let client = application(&store, 4000);
    let sign_in = client.user("ann").begin_sign_in(&fixture.endpoint(), None).await.unwrap();
    let requests = fixture.authorization_server.requests(OAuthEndpoint::Authorization);
    let query = requests.last().unwrap().query().unwrap();
    assert!(!query.contains(sign_in.pending.state()), "{query}");
}
