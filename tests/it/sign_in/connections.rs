//! The connections of a user: their list, their events, and how they end.

use std::sync::{Arc, Mutex};

use mcp_oauth::{
    ConnectionChange, EncryptionKey, Error, OAuthClient, PendingSignIn, SignInReason,
    UserConnection, UserTokens,
};
use mcp_testkit::{Bearer, OAuthEndpoint, On, Reply, TestServer};

use super::support::{OAuthFixture, client_builder};
use crate::{
    credential_stores::TestStore,
    support::{TraceCapture, assert_no_secrets},
};

/// The events of an application, as text.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn client(&self, test_store: &TestStore) -> OAuthClient {
        let events = Arc::clone(&self.0);
        let client = client_builder().store(test_store.open()).on_event(move |event| {
            let principal = event.key.principal.as_deref().unwrap();
            events.lock().unwrap().push(format!("{principal} {}", event.change));
        });
        client.build().unwrap()
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The only connection of a user.
async fn connection(user: &UserTokens) -> UserConnection {
    let connections = user.connections().await.unwrap();
    let [connection] = <[_; 1]>::try_from(connections).unwrap();
    connection
}

fn is_connected_with(connection: &UserConnection, scopes: [&str; 1]) -> bool {
    connection.granted_scopes.iter().eq(scopes.iter()) && !connection.needs_sign_in()
}

#[tokio::test]
async fn connections_are_listed_without_tokens_and_disconnected_in_every_store() {
    for test_store in TestStore::all() {
        let kind = test_store.kind;
        let fixture = OAuthFixture::start().await;
        let bearer = Bearer::issued_by(&fixture.authorization_server).scope("greet");
        let other = TestServer::builder().bearer(bearer).start().await.unwrap();
        let events = Events::default();
        let client = events.client(&test_store);
        let [ann, bob] = ["ann", "bob"].map(|principal| client.user(principal));
        assert!(ann.connections().await.unwrap().is_empty());
        for user in [&ann, &bob] {
            fixture.sign_in(&client, user).await.unwrap();
        }
        let endpoint = mcp_http::Endpoint::parse(other.url()).unwrap();
        let tokens = fixture.sign_in_to(&endpoint, &client, &ann).await.unwrap();
        assert_eq!(events.take(), ["ann connected", "bob connected", "ann connected"], "{kind:?}");

        // Another process lists them.
        let client = events.client(&test_store);
        let [ann, bob] = ["ann", "bob"].map(|principal| client.user(principal));
        let connections = ann.connections().await.unwrap();
        let mut servers = [fixture.server.url(), other.url()];
        servers.sort_unstable();
        assert!(connections.iter().map(UserConnection::server).eq(servers), "{kind:?}");
        for connection in &connections {
            assert!(is_connected_with(connection, ["greet"]), "{kind:?}: {connection:?}");
            assert!(connection.can_refresh && connection.expires_at.is_some());
            assert_eq!(connection.issuer(), fixture.authorization_server.issuer());
            let shown = format!("{connection:?}");
            for token in [Some(&tokens.access_token), tokens.refresh_token.as_ref()] {
                assert!(!shown.contains(token.unwrap().expose()), "{shown}");
            }
        }

        // One is removed and revoked, and then the others.
        let one = connections.iter().find(|it| it.server() == fixture.server.url()).unwrap();
        let error = bob.disconnect(one).await.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        ann.disconnect(one).await.unwrap();
        fixture.call(&ann).await.unwrap_err();
        assert_eq!(connection(&ann).await.server(), other.url(), "{kind:?}");
        fixture.sign_in(&client, &ann).await.unwrap();
        ann.disconnect_all().await.unwrap();
        assert!(ann.connections().await.unwrap().is_empty(), "{kind:?}");
        fixture.call(&ann).await.unwrap_err();
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Revocation), 3);
        assert_eq!(
            events.take(),
            [
                "ann disconnected and revoked",
                "ann connected",
                "ann disconnected and revoked",
                "ann disconnected and revoked",
            ]
        );
        assert!(is_connected_with(&connection(&bob).await, ["greet"]), "{kind:?}");
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn a_refresh_and_its_failures_are_events_and_the_last_error() {
    for test_store in TestStore::all() {
        let kind = test_store.kind;
        let fixture = OAuthFixture::start().await;
        let events = Events::default();
        let client = events.client(&test_store);
        let ann = client.user("ann");
        fixture.sign_in(&client, &ann).await.unwrap();
        assert_eq!(events.take(), ["ann connected"], "{kind:?}");
        assert_eq!(connection(&ann).await.last_error, None);

        // A temporary failure is listed until the next refresh, and needs no sign-in.
        fixture.authorization_server.expire_access_tokens();
        // The list is retried twice.
        for _ in 0..3 {
            fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
        }
        fixture.call(&ann).await.unwrap_err();
        let listed = connection(&ann).await;
        let error = listed.last_error.as_ref().unwrap().message.clone();
        let issuer = fixture.authorization_server.issuer();
        assert_eq!(
            error,
            format!("request to {issuer}/token failed: HTTP status 503 Service Unavailable")
        );
        assert!(is_connected_with(&listed, ["greet"]) && events.take().is_empty());
        fixture.call(&ann).await.unwrap();
        assert_eq!(connection(&ann).await.last_error, None, "{kind:?}");

        // A sign-in is needed once, whatever the number of requests.
        fixture.authorization_server.revoke_refresh_tokens();
        fixture.authorization_server.expire_access_tokens();
        for _ in 0..2 {
            fixture.call(&ann).await.unwrap_err();
        }
        let needed = "ann needs sign-in: the refresh token has expired or was revoked";
        assert_eq!(events.take(), ["ann refreshed", needed], "{kind:?}");
        let listed = connection(&ann).await;
        assert!(listed.needs_sign_in() && !listed.can_refresh, "{listed:?}");
        let error = listed.last_error.unwrap();
        assert!(error.message.ends_with("invalid_grant (unknown refresh token)"), "{error:?}");
        fixture.sign_in(&client, &ann).await.unwrap();
        assert!(is_connected_with(&connection(&ann).await, ["greet"]), "{kind:?}");
    }
}

#[tokio::test]
async fn required_scopes_are_listed_and_reported_once() {
    let fixture = OAuthFixture::start().await;
    let (test_store, events) = (TestStore::all().next().unwrap(), Events::default());
    let client = events.client(&test_store);
    let ann = client.user("ann");
    fixture.sign_in(&client, &ann).await.unwrap();
    let challenge = r#"Bearer error="insufficient_scope", scope="greet shout""#;
    for _ in 0..2 {
        let forbidden = Reply::status(403).header("www-authenticate", challenge);
        fixture.server.script(On::method("tools/call"), forbidden);
        fixture.call(&ann).await.unwrap_err();
    }
    let needed = format!("ann needs sign-in: {}", SignInReason::InsufficientScope);
    assert_eq!(events.take(), ["ann connected".to_owned(), needed]);
    let listed = connection(&ann).await;
    assert!(listed.needs_sign_in());
    assert!(listed.required_scopes.iter().eq(["greet", "shout"]), "{listed:?}");
}

#[tokio::test]
async fn disconnecting_succeeds_if_the_revocation_fails() {
    let fixture = OAuthFixture::start().await;
    let (test_store, events) = (TestStore::all().next().unwrap(), Events::default());
    let client = events.client(&test_store);
    let ann = client.user("ann");
    fixture.sign_in(&client, &ann).await.unwrap();
    fixture.authorization_server.script(OAuthEndpoint::Revocation, Reply::status(500));
    ann.disconnect_all().await.unwrap();
    assert!(ann.connections().await.unwrap().is_empty());
    assert_eq!(events.take(), ["ann connected", "ann disconnected, not revoked"]);
}

#[tokio::test]
async fn events_are_logged_without_tokens() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let ann = client.user("ann");
    let capture = TraceCapture::start();
    let credentials = fixture.sign_in(&client, &ann).await.unwrap();
    ann.disconnect_all().await.unwrap();
    let log = capture.finish();
    assert!(!log.contains(credentials.access_token.expose()));
    assert_no_secrets(&log);
    let shown = client_builder().on_event(|event| {
        assert!(matches!(event.change, ConnectionChange::Connected { .. }));
        let text = format!("{event:?}");
        assert!(text.contains("greet") && !text.contains("token"), "{text}");
    });
    let client = shown.build().unwrap();
    fixture.sign_in(&client, &client.user("bob")).await.unwrap();
}

#[tokio::test]
async fn the_pending_sign_in_names_its_server() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let sign_in = client.user("ann").begin_sign_in(&fixture.endpoint(), None).await.unwrap();
    let key = EncryptionKey::generate();
    let pending = PendingSignIn::decrypt(&key, &sign_in.pending.encrypt(&key)).unwrap();
    assert_eq!(pending.server(), fixture.server.url());
}
