//! An authorization server that fails briefly while a token is refreshed: no user must sign in again.

use std::{error::Error as StdError, time::Duration};

use futures_util::future::join_all;
use mcp_oauth::{MemoryStore, Record, Store, StoreKey};
use mcp_testkit::{OAuthEndpoint, Reply};
use relay::{Error, FailureKind, Relay, Server, User};

use super::support::{OAuthFixture, client_builder};

/// Responses that say nothing about the credentials.
fn temporary_responses() -> [Reply; 4] {
    let json = |status, error: &str| {
        Reply::status(status).chunk(format!(r#"{{"error":"{error}"}}"#)).header("retry-after", "7")
    };
    [
        Reply::status(503).header("retry-after", "7"),
        Reply::status(502).chunk("<html>").header("retry-after", "7"),
        json(429, "too_many_requests"),
        json(503, "invalid_grant"),
    ]
}

/// A signed-in user whose calls are not retried.
async fn signed_in_user(fixture: &OAuthFixture, store: &MemoryStore) -> User {
    let client = client_builder().store(store.clone()).build().unwrap();
    let tokens = client.user("alice");
    fixture.sign_in(&client, &tokens).await.unwrap();
    let server = Server::http(fixture.server.url()).max_retries(0);
    let relay = Relay::builder().server("s", server).build().unwrap();
    relay.for_user("alice", tokens)
}

/// Makes the client refresh its token before the next request.
async fn expire_stored_token(fixture: &OAuthFixture, store: &MemoryStore) {
    let issuer = fixture.authorization_server.issuer();
    let key = StoreKey::new(Some("alice"), fixture.server.url(), issuer);
    let Some(Record::Credentials(mut stored)) = store.load(&key).await.unwrap() else { panic!() };
    stored.expires_at = Some(1);
    store.save(&key, &Record::Credentials(stored)).await.unwrap();
}

/// An error and its sources.
fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[track_caller]
fn assert_unavailable(error: &Error, retry_after: Option<Duration>) {
    let Error::Transport { kind, source, .. } = error else { panic!("{error:?}") };
    assert_eq!(*kind, FailureKind::TokenUnavailable);
    assert!(error.did_not_run() && error.retryable() && error.authorization().is_none());
    assert_eq!(error.retry_after(), retry_after);
    let mut causes = sources(&**source);
    assert!(causes.any(<dyn StdError>::is::<mcp_oauth::Error>), "{error:?}");
}

#[tokio::test]
async fn a_temporary_failure_is_not_an_authorization_error() {
    for response in temporary_responses() {
        let fixture = OAuthFixture::start().await;
        let user = signed_in_user(&fixture, &MemoryStore::new()).await;
        let tools = user.tools("s").await.unwrap();
        fixture.authorization_server.expire_access_tokens();
        fixture.authorization_server.script(OAuthEndpoint::Token, response);
        let error = tools.call("greet", ()).await.unwrap_err();
        assert_unavailable(&error, Some(Duration::from_secs(7)));
        assert_eq!(fixture.server.count("tools/call"), 1);
        // The sign-in is kept, and the refresh token was not used up.
        assert_eq!(tools.call("greet", ()).await.unwrap().text(), "hello");
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn a_refresh_before_the_request_fails_in_the_same_way() {
    let fixture = OAuthFixture::start().await;
    let store = MemoryStore::new();
    let user = signed_in_user(&fixture, &store).await;
    expire_stored_token(&fixture, &store).await;
    fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    let error = user.tools("s").await.unwrap_err();
    assert_unavailable(&error, None);
    assert_eq!(user.tools("s").await.unwrap().call("greet", ()).await.unwrap().text(), "hello");
    fixture.assert_no_violations();
}

#[tokio::test]
async fn concurrent_calls_of_a_user_get_the_same_error() {
    let fixture = OAuthFixture::start().await;
    let user = signed_in_user(&fixture, &MemoryStore::new()).await;
    let tools = user.tools("s").await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    for _ in 0..8 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    }
    for outcome in join_all((0..8).map(|_| tools.call("greet", ()))).await {
        assert_unavailable(&outcome.unwrap_err(), None);
    }
}

#[tokio::test]
async fn a_call_is_retried_until_the_authorization_server_is_back() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let tools = fixture.user(&alice).tools("s").await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    assert_eq!(tools.call("greet", ()).await.unwrap().text(), "hello");
}

#[tokio::test]
async fn a_refusal_requires_a_sign_in_and_names_the_cause() {
    for (response, expected) in [
        (Reply::status(400).chunk(r#"{"error":"invalid_target"}"#), "invalid_target"),
        (Reply::status(403).chunk("<html>"), "HTTP status 403 Forbidden without an error code"),
    ] {
        let fixture = OAuthFixture::start().await;
        let user = signed_in_user(&fixture, &MemoryStore::new()).await;
        fixture.authorization_server.expire_access_tokens();
        fixture.authorization_server.script(OAuthEndpoint::Token, response);
        let error = user.tools("s").await.unwrap_err();
        assert!(error.authorization().is_some(), "{error:?}");
        let mut causes = sources(&error);
        assert!(causes.any(|it| it.to_string().ends_with(expected)), "{error:?}");
        // The refresh token is kept, because the error does not say that it is invalid.
        user.tools("s").await.unwrap();
    }
}
