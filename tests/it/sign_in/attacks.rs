//! Attacks on a sign-in that need servers which misbehave.

use mcp_oauth::{Error, MemoryStore};
use mcp_testkit::{AuthorizationServer, OAuthEndpoint, On, Reply, TestServer};
use relay::Error as RelayError;

use super::support::{World, application};

/// Starts a sign-in that has to fail, and says how.
async fn refused(accounts: mcp_testkit::AuthorizationServerBuilder) -> Error {
    let world = World::with(accounts).await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    let error = world.sign_in(&client, &alice).await.unwrap_err();
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 0);
    error
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_trusted() {
    let accounts = AuthorizationServer::builder().announced_issuer("https://other.example");
    let error = refused(accounts).await;
    assert!(matches!(&error, Error::Untrusted { reason, .. } if reason.contains("another issuer")));
}

#[tokio::test]
async fn plain_pkce_is_not_accepted() {
    let error = refused(AuthorizationServer::builder().pkce_methods(["plain"])).await;
    assert!(
        matches!(&error, Error::Untrusted { reason, .. } if reason.contains("S256")),
        "{error}"
    );
}

#[tokio::test]
async fn callback_of_another_issuer_is_rejected() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    for issuer in [Some("https://other.example"), None] {
        world.accounts.answer_as(issuer);
        let error = world.sign_in(&client, &alice).await.unwrap_err();
        assert!(matches!(error, Error::InvalidCallback { .. }), "{issuer:?}: {error}");
    }
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 0);
}

#[tokio::test]
async fn token_endpoint_redirect_is_not_followed() {
    let elsewhere = AuthorizationServer::builder().start().await.unwrap();
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    let target = format!("{}/token", elsewhere.issuer());
    world.accounts.script(OAuthEndpoint::Token, Reply::redirect(&target));
    world.sign_in(&client, &alice).await.unwrap_err();
    world.sign_in(&client, &alice).await.unwrap();
    // The same when it is the refresh token that would go there.
    world.accounts.expire_access_tokens();
    world.accounts.script(OAuthEndpoint::Token, Reply::redirect(&target));
    world.call(&alice).await.unwrap_err();
    assert_eq!(elsewhere.count(OAuthEndpoint::Token), 0);
}

#[tokio::test]
async fn token_is_not_sent_to_a_redirect_target() {
    let elsewhere = TestServer::builder().start().await.unwrap();
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    world.server.script(On::any(), Reply::redirect(elsewhere.url()));
    world.call(&alice).await.unwrap_err();
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn oversized_metadata_is_not_trusted() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let large = Reply::status(200).header("content-type", "application/json").fill(10 << 20);
    world.accounts.script(OAuthEndpoint::Metadata, large.chunk("{}"));
    let error = client.user("alice").begin(&world.endpoint(), None).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn token_of_one_server_is_rejected_by_another() {
    let world = World::start().await;
    let other = TestServer::builder()
        .bearer(mcp_testkit::Bearer::issued_by(&world.accounts))
        .start()
        .await
        .unwrap();
    let client = application().build().unwrap();
    let alice = client.user("alice");
    let credentials = world.sign_in(&client, &alice).await.unwrap();
    let relay = relay::Relay::builder().server("o", relay::Server::http(other.url())).build();
    let relay = relay.unwrap();
    let carried = relay.with_token(credentials.access_token.expose()).tools("o").await;
    assert!(matches!(carried, Err(RelayError::Authorization(_))));
    // Nor does the token source offer it there.
    let offered = relay.for_user("alice", alice.clone()).tools("o").await;
    assert!(matches!(offered, Err(RelayError::Authorization(_))));
    let last = other.requests().pop().unwrap();
    assert_eq!(last.bearer_token(), None);
}

#[tokio::test]
async fn clients_with_a_shared_store_use_a_refresh_token_once() {
    let world = World::start().await;
    let store = MemoryStore::new();
    let [one, other] = [(); 2].map(|()| application().store(store.clone()).build().unwrap());
    world.sign_in(&one, &one.user("alice")).await.unwrap();
    world.accounts.expire_access_tokens();
    // Each has its own `UserTokens`, as two processes have: only the store joins them.
    let [one, other] = [one.user("alice"), other.user("alice")];
    let (first, second) = tokio::join!(world.call(&one), world.call(&other));
    assert_eq!((first.unwrap().text(), second.unwrap().text()), ("hello".into(), "hello".into()));
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);
    world.assert_no_violations();
}

#[tokio::test]
async fn stolen_refresh_token_requires_a_sign_in_for_both() {
    let world = World::start().await;
    let (mine, theirs) = (MemoryStore::new(), MemoryStore::new());
    let client = application().store(mine.clone()).build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    copy(&mine, &theirs, world.server.url()).await;
    world.accounts.expire_access_tokens();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");
    // The thief comes second, is found out, and the person is told to sign in anew.
    let thief = application().store(theirs).build().unwrap();
    assert!(matches!(world.call(&thief.user("alice")).await, Err(RelayError::Authorization(_))));
    assert!(matches!(world.call(&alice).await, Err(RelayError::Authorization(_))));
    assert_eq!(world.accounts.violations(), ["token: a refresh token was used twice"]);
}

async fn copy(from: &MemoryStore, to: &MemoryStore, server: &str) {
    use mcp_oauth::Store as _;
    for key in from.keys(Some("alice"), server).await.unwrap() {
        let record = from.load(&key).await.unwrap().unwrap();
        to.save(&key, &record).await.unwrap();
    }
}

#[tokio::test]
async fn token_revoked_during_a_call_is_an_authorization_error() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    let tools = world.user(&alice).tools("s").await.unwrap();
    let gate = mcp_testkit::Gate::new();
    world.server.script(On::method("tools/call").nth(1), mcp_testkit::Fault::Hold(gate.clone()));
    let held = tools.call("greet", ());
    let revoking = async {
        gate.reached(1).await;
        world.accounts.revoke_refresh_tokens();
        world.accounts.expire_access_tokens();
        gate.open();
    };
    let (held, ()) = tokio::join!(held, revoking);
    // What had begun ends well, and the next one is refused before it runs.
    assert_eq!(held.unwrap().text(), "hello");
    let refused = tools.call("greet", ()).await.unwrap_err();
    assert!(matches!(refused, RelayError::Authorization(_)) && refused.did_not_run());
}
