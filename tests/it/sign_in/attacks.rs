//! Attacks on a sign-in by misbehaving servers.

use mcp_oauth::{Error, MemoryStore};
use mcp_testkit::{AuthorizationServer, OAuthEndpoint, On, Reply, TestServer};
use relay::Error as RelayError;

use super::support::{OAuthFixture, client_builder};

/// Starts a sign-in that fails, and returns its error.
async fn sign_in_error(authorization_server: mcp_testkit::AuthorizationServerBuilder) -> Error {
    let fixture = OAuthFixture::with_authorization_server(authorization_server).await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    let error = fixture.sign_in(&client, &alice).await.unwrap_err();
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 0);
    error
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_trusted() {
    let authorization_server =
        AuthorizationServer::builder().announced_issuer("https://other.example");
    let error = sign_in_error(authorization_server).await;
    assert!(
        matches!(&error, Error::Untrusted { reason, .. } if reason.contains(r#"names issuer "https://other.example", expected "#))
    );
}

#[tokio::test]
async fn plain_pkce_is_not_accepted() {
    let error = sign_in_error(AuthorizationServer::builder().pkce_methods(["plain"])).await;
    assert!(
        matches!(&error, Error::Untrusted { reason, .. } if reason.contains("S256")),
        "{error}"
    );
}

#[tokio::test]
async fn callback_of_another_issuer_is_rejected() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    for issuer in [Some("https://other.example"), None] {
        fixture.authorization_server.callback_issuer(issuer);
        let error = fixture.sign_in(&client, &alice).await.unwrap_err();
        assert!(matches!(error, Error::InvalidCallback { .. }), "{issuer:?}: {error}");
    }
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 0);
}

#[tokio::test]
async fn token_endpoint_redirect_is_not_followed() {
    let redirect_target = AuthorizationServer::builder().start().await.unwrap();
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    let target = format!("{}/token", redirect_target.issuer());
    fixture.authorization_server.script(OAuthEndpoint::Token, Reply::redirect(&target));
    fixture.sign_in(&client, &alice).await.unwrap_err();
    fixture.sign_in(&client, &alice).await.unwrap();
    // The same for a request with a refresh token.
    fixture.authorization_server.expire_access_tokens();
    // The list is retried twice.
    for _ in 0..3 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::redirect(&target));
    }
    fixture.call(&alice).await.unwrap_err();
    assert_eq!(redirect_target.count(OAuthEndpoint::Token), 0);
}

#[tokio::test]
async fn token_is_not_sent_to_a_redirect_target() {
    let redirect_target = TestServer::builder().start().await.unwrap();
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    fixture.server.script(On::any(), Reply::redirect(redirect_target.url()));
    fixture.call(&alice).await.unwrap_err();
    assert_eq!(redirect_target.requests().len(), 0);
}

#[tokio::test]
async fn oversized_metadata_is_not_trusted() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let large = Reply::status(200).header("content-type", "application/json").padding(10 << 20);
    fixture.authorization_server.script(OAuthEndpoint::Metadata, large.chunk("{}"));
    let error = client.user("alice").begin_sign_in(&fixture.endpoint(), None).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn token_of_one_server_is_rejected_by_another() {
    let fixture = OAuthFixture::start().await;
    let other = TestServer::builder()
        .bearer(mcp_testkit::Bearer::issued_by(&fixture.authorization_server))
        .start()
        .await
        .unwrap();
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    let credentials = fixture.sign_in(&client, &alice).await.unwrap();
    let relay = relay::Relay::builder().server("o", relay::Server::http(other.url())).build();
    let relay = relay.unwrap();
    let carried = relay.with_token(credentials.access_token.expose()).tools("o").await;
    assert!(matches!(carried, Err(RelayError::Authorization(_))));
    // The token source does not send it there either.
    let offered = relay.for_user("alice", alice.clone()).tools("o").await;
    assert!(matches!(offered, Err(RelayError::Authorization(_))));
    let last = other.requests().pop().unwrap();
    assert_eq!(last.bearer_token(), None);
}

#[tokio::test]
async fn clients_with_a_shared_store_use_a_refresh_token_once() {
    let fixture = OAuthFixture::start().await;
    let store = MemoryStore::new();
    let [one, other] = [(); 2].map(|()| client_builder().store(store.clone()).build().unwrap());
    fixture.sign_in(&one, &one.user("alice")).await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    // Each client has its own `UserTokens`, as two processes would. Only the store is shared.
    let [one, other] = [one.user("alice"), other.user("alice")];
    let (first, second) = tokio::join!(fixture.call(&one), fixture.call(&other));
    assert_eq!((first.unwrap().text(), second.unwrap().text()), ("hello".into(), "hello".into()));
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn stolen_refresh_token_requires_a_sign_in_for_both() {
    let fixture = OAuthFixture::start().await;
    let (mine, theirs) = (MemoryStore::new(), MemoryStore::new());
    let client = client_builder().store(mine.clone()).build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    copy_credentials(&mine, &theirs, fixture.server.url()).await;
    fixture.authorization_server.expire_access_tokens();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
    // The thief comes second and is detected, and the user has to sign in again.
    let thief = client_builder().store(theirs).build().unwrap();
    assert!(matches!(fixture.call(&thief.user("alice")).await, Err(RelayError::Authorization(_))));
    assert!(matches!(fixture.call(&alice).await, Err(RelayError::Authorization(_))));
    assert_eq!(fixture.authorization_server.violations(), ["token: refresh token already used"]);
}

async fn copy_credentials(from: &MemoryStore, to: &MemoryStore, server: &str) {
    use mcp_oauth::Store as _;
    for key in from.keys(Some("alice"), server).await.unwrap() {
        let record = from.load(&key).await.unwrap().unwrap();
        to.save(&key, &record).await.unwrap();
    }
}

#[tokio::test]
async fn token_revoked_during_a_call_is_an_authorization_error() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let tools = fixture.user(&alice).tools("s").await.unwrap();
    let barrier = mcp_testkit::Barrier::new();
    fixture
        .server
        .script(On::method("tools/call").nth(1), mcp_testkit::Fault::Hold(barrier.clone()));
    let held = tools.call("greet", ());
    let revoking = async {
        barrier.wait_for_arrivals(1).await;
        fixture.authorization_server.revoke_refresh_tokens();
        fixture.authorization_server.expire_access_tokens();
        barrier.open();
    };
    let (held, ()) = tokio::join!(held, revoking);
    // The running call succeeds, and the next one is rejected before it runs.
    assert_eq!(held.unwrap().text(), "hello");
    let error = tools.call("greet", ()).await.unwrap_err();
    assert!(matches!(error, RelayError::Authorization(_)) && error.did_not_run());
}
