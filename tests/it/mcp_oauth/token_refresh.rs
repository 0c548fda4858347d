//! Refreshing access tokens.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::{BoxFuture, join_all};
use mcp_http::{TokenUnavailable, UnauthorizedReason, mcp_client::BoxError};
use mcp_oauth::{
    Error, MemoryStore, PreregisteredClient, Record, Secret, SignInReason, Store, StoreKey,
    StoreLock,
};
use serde_json::json;
use tokio::sync::Notify;
use wiremock::ResponseTemplate;

use super::support::{OAuthMocks, error_text, json_response, oauth_error, token_error};
use crate::support::with_timeout;

/// Servers whose access tokens expire at once.
async fn mocks_with_expiring_tokens() -> OAuthMocks {
    OAuthMocks::with_token_lifetime(Some(0), |_| {}).await
}

fn reason(error: &BoxError) -> SignInReason {
    match oauth_error(error) {
        Error::SignInRequired { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn token_is_cached_while_fresh_and_refreshed_before_expiry() {
    // AUTH-28, AUTH-34
    let mocks = mocks_with_expiring_tokens().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    let user = application.user("ann");
    for number in 1..3 {
        let token = mocks.token(&user).await.unwrap().unwrap();
        assert_eq!(token, format!("5ecret-access-{number}"));
        let form = mocks.token_requests().await.pop().unwrap();
        assert_eq!(form["grant_type"], "refresh_token");
        assert_eq!(form["refresh_token"], format!("5ecret-refresh-{}", number - 1));
        assert_eq!(form["resource"], mocks.endpoint().url().as_str());
    }
    for lifetime in [None, Some(3600)] {
        let mocks = OAuthMocks::with_token_lifetime(lifetime, |_| {}).await;
        let application = mocks.application();
        mocks.sign_in(&application).await;
        for _ in 0..3 {
            let token = mocks.token(&application.user("ann")).await.unwrap();
            assert_eq!(token.as_deref(), Some("5ecret-access-0"));
        }
        assert_eq!(mocks.token_requests().await.len(), 1);
    }
}

#[tokio::test]
async fn concurrent_callers_and_clients_refresh_once() {
    let mocks = OAuthMocks::start().await;
    let [here, there] = [mocks.application(), mocks.application()];
    mocks.sign_in(&here).await;
    let users = [here.user("ann"), here.user("ann"), there.user("ann")];
    let unauthorized =
        mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer error=invalid_token");
    let waiting = (0..30).map(|at| {
        let user = &users[at % users.len()];
        mocks.token_after_rejection(user, Some("5ecret-access-0"), &unauthorized)
    });
    for token in join_all(waiting).await {
        assert_eq!(token.unwrap().as_deref(), Some("5ecret-access-1"));
    }
    assert_eq!(mocks.token_requests().await.len(), 2);
}

#[tokio::test]
async fn rejected_refresh_token_requires_a_sign_in() {
    // AUTH-07
    // After "invalid_client", the other authentication method is tried once.
    for (code, wanted, attempts) in [
        ("invalid_grant", SignInReason::RefreshTokenRejected, 1),
        ("invalid_client", SignInReason::ClientUnknown, 2),
    ] {
        let mocks = OAuthMocks::start().await;
        let application = mocks.application();
        mocks.sign_in(&application).await;
        mocks.respond_times(attempts, token_error(code)).await;
        let user = application.user("ann");
        let unauthorized =
            mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer error=invalid_token");
        let token = mocks.token(&user).await.unwrap();
        let error =
            mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap_err();
        assert_eq!(reason(&error), wanted);
        let sign_in = format!("; sign in to {}", mocks.endpoint().url());
        assert!(error_text(&*error).ends_with(&sign_in), "{error}");
        // The refresh token is not used again.
        let error =
            mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap_err();
        assert_eq!(reason(&error), SignInReason::TokenRejected);
        assert_eq!(mocks.token_requests().await.len() as u64, 1 + attempts);
    }
}

#[tokio::test]
async fn refresh_error_requires_a_sign_in_but_keeps_the_refresh_token() {
    for code in ["invalid_target", "invalid_scope", "bad_refresh_token"] {
        let mocks = OAuthMocks::start().await;
        let application = mocks.application();
        mocks.sign_in(&application).await;
        let user = application.user("ann");
        let unauthorized =
            mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer error=invalid_token");
        mocks.respond_once(token_error(code)).await;
        let token = mocks.token(&user).await.unwrap();
        let error =
            mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap_err();
        assert_eq!(reason(&error), SignInReason::RefreshFailed, "{code}");
        // The error is not about the refresh token, which is kept.
        let token =
            mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap();
        assert_eq!(token.as_deref(), Some("5ecret-access-1"));
    }
}

#[tokio::test]
async fn replaced_client_secret_is_used_for_refresh() {
    let mocks = mocks_with_expiring_tokens().await;
    let with = |secret: &str| {
        let client = PreregisteredClient::new("ours").with_secret(secret);
        mocks.builder().preregistered(mocks.endpoint().url().as_str(), client).build().unwrap()
    };
    mocks.sign_in(&with("5ecret-old")).await;
    mocks.token(&with("5ecret-new").user("ann")).await.unwrap();
    let requests = mocks.issuer.received_requests().await.unwrap();
    let requests = requests.iter().filter(|it| it.url.path() == "/token");
    let proofs: Vec<_> = requests.map(|it| it.headers["authorization"].to_str().unwrap()).collect();
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("ours:{secret}")));
    assert_eq!(proofs, [basic("5ecret-old"), basic("5ecret-new")]);
}

#[tokio::test]
async fn empty_refresh_token_is_ignored() {
    let mocks = mocks_with_expiring_tokens().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    let empty = serde_json::json!({
        "access_token": "5ecret-access", "refresh_token": "", "token_type": "bearer",
        "expires_in": 0,
    });
    mocks.respond_once(json_response(&empty)).await;
    let user = application.user("ann");
    assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-access"));
    mocks.token(&user).await.unwrap();
    assert_eq!(mocks.token_requests().await.pop().unwrap()["refresh_token"], "5ecret-refresh-0");
}

#[tokio::test]
async fn error_with_status_200_is_an_error() {
    let mocks = mocks_with_expiring_tokens().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    mocks.respond_once(json_response(&serde_json::json!({ "error": "invalid_grant" }))).await;
    let user = application.user("ann");
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer");
    let error = mocks
        .token_after_rejection(&user, Some("5ecret-access-0"), &unauthorized)
        .await
        .unwrap_err();
    assert_eq!(reason(&error), SignInReason::RefreshTokenRejected);
}

#[tokio::test]
async fn expired_token_is_sent_if_it_cannot_be_refreshed() {
    let mocks = mocks_with_expiring_tokens().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    mocks.respond_once(token_error("invalid_grant")).await;
    let token = mocks.token(&application.user("ann")).await.unwrap();
    assert_eq!(token.as_deref(), Some("5ecret-access-0"));
}

#[tokio::test]
async fn temporary_failure_keeps_the_refresh_token() {
    for response in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(503).set_body_string("<html>"),
        ResponseTemplate::new(429),
        ResponseTemplate::new(200).set_body_string("no token"),
    ] {
        let mocks = mocks_with_expiring_tokens().await;
        let application = mocks.application();
        mocks.sign_in(&application).await;
        mocks.respond_once(response).await;
        let user = application.user("ann");
        let error = mocks.token(&user).await.unwrap_err();
        assert!(!matches!(oauth_error(&error), Error::SignInRequired { .. }), "{error:?}");
        error_text(&*error);
        assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-access-1"));
        assert_eq!(
            mocks.token_requests().await.pop().unwrap()["refresh_token"],
            "5ecret-refresh-0"
        );
    }
}

#[tokio::test]
async fn failed_early_refresh_returns_the_current_token() {
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    expire_soon(&mocks).await;
    mocks.respond_once(ResponseTemplate::new(503)).await;
    let user = application.user("ann");
    assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-access-0"));
    assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-access-1"));
}

/// Changes the stored access token so that it expires within a minute.
async fn expire_soon(mocks: &OAuthMocks) {
    let server = mocks.endpoint();
    let key = mocks
        .store
        .keys(Some("ann"), server.url().as_str())
        .await
        .expect("the memory store does not fail")
        .remove(0);
    let Some(Record::Credentials(mut credentials)) =
        mocks.store.load(&key).await.expect("the memory store does not fail")
    else {
        panic!("no user is signed in");
    };
    credentials.expires_at = Some(credentials.issued_at + 30);
    credentials.issued_at -= 3600;
    mocks
        .store
        .save(&key, &Record::Credentials(credentials))
        .await
        .expect("the memory store does not fail");
}

#[tokio::test]
async fn token_of_the_newest_sign_in_is_used() {
    // Two sign-ins of one user, whose issuers are in either order
    let mocks = OAuthMocks::start().await;
    let credentials = mocks.sign_in(&mocks.application()).await;
    let server = mocks.endpoint();
    for newest in ["https://a.example", "https://b.example"] {
        let principal = format!("user-{newest}");
        for issuer in ["https://a.example", "https://b.example"] {
            let mut credentials = credentials.clone();
            credentials.issuer = issuer.to_owned();
            credentials.access_token = Secret::new(format!("5ecret-{issuer}"));
            credentials.issued_at -= if issuer == newest { 1 } else { 2 };
            let key = StoreKey::new(Some(&principal), server.url().as_str(), issuer);
            mocks.store.save(&key, &Record::Credentials(Box::new(credentials))).await.unwrap();
        }
        let token = mocks.token(&mocks.application().user(&principal)).await.unwrap();
        assert_eq!(token, Some(format!("5ecret-{newest}")));
    }
}

/// A store that signals each save, and fails to save if told to.
#[derive(Clone, Default)]
struct ObservedStore {
    inner: MemoryStore,
    fails: Arc<AtomicBool>,
    saved: Arc<Notify>,
}

impl Store for ObservedStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        self.inner.load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async move {
            if self.fails.load(Ordering::Relaxed) {
                return Err("the disk is full".into());
            }
            self.inner.save(key, record).await?;
            self.saved.notify_one();
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        self.inner.remove(key)
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        self.inner.keys(principal, server)
    }

    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        self.inner.keys_of_principal(principal)
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        self.inner.lock(key)
    }
}

#[tokio::test]
async fn new_token_is_not_used_if_it_cannot_be_stored() {
    // AUTH-34
    let mocks = mocks_with_expiring_tokens().await;
    let store = ObservedStore::default();
    let application = mocks.builder().store(store.clone()).build().unwrap();
    mocks.sign_in(&application).await;
    store.fails.store(true, Ordering::Relaxed);
    let error = mocks.token(&application.user("ann")).await.unwrap_err();
    assert!(error.is::<TokenUnavailable>(), "{error:?}");
    assert!(matches!(oauth_error(&error), Error::Store { .. }), "{error:?}");
}

#[tokio::test]
async fn dropped_call_does_not_lose_the_new_refresh_token() {
    // AUTH-34: the authorization server has revoked the old token
    let mocks = mocks_with_expiring_tokens().await;
    let store = ObservedStore::default();
    let application = mocks.builder().store(store.clone()).build().unwrap();
    mocks.sign_in(&application).await;
    with_timeout(store.saved.notified()).await;
    let user = application.user("ann");
    let call = {
        let (user, endpoint) = (user.clone(), mocks.endpoint());
        tokio::spawn(async move {
            use mcp_http::TokenSource;
            let _ = user.token(mcp_http::TokenRequest::new(&endpoint)).await;
        })
    };
    // The call has begun, and is dropped while it waits.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    call.abort();
    with_timeout(store.saved.notified()).await;
    assert_eq!(mocks.token_requests().await.len(), 2);
    assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-access-2"));
    assert_eq!(mocks.token_requests().await.pop().unwrap()["refresh_token"], "5ecret-refresh-1");
}

#[tokio::test]
async fn sign_out_removes_and_revokes_the_tokens() {
    let no_refresh = json!({ "access_token": "5ecret-access-0", "token_type": "Bearer" });
    for (response, token) in [(None, "refresh"), (Some(no_refresh), "access")] {
        let mocks = OAuthMocks::with_metadata(|it| {
            let issuer = it.issuer["issuer"].as_str().expect("a URL").to_owned();
            it.issuer["revocation_endpoint"] = format!("{issuer}/revoke").into();
        })
        .await;
        super::support::mount(&mocks.issuer, "/revoke", ResponseTemplate::new(200)).await;
        if let Some(response) = response {
            mocks.respond_once(json_response(&response)).await;
        }
        let application = mocks.application();
        mocks.sign_in(&application).await;
        let user = application.user("ann");
        mocks.token(&user).await.unwrap().unwrap();
        user.sign_out(&mocks.endpoint()).await.unwrap();
        assert_eq!(mocks.token(&user).await.unwrap(), None);
        let requests = mocks.issuer.received_requests().await.unwrap();
        let revoked = requests.iter().find(|it| it.url.path() == "/revoke").unwrap();
        let form = String::from_utf8_lossy(&revoked.body);
        let hint = format!("token=5ecret-{token}-0&token_type_hint={token}_token");
        assert!(form.starts_with(&hint), "{form}");
    }
}

#[tokio::test]
async fn odd_token_response_does_not_lose_the_new_refresh_token() {
    let tokens = json!({ "access_token": "5ecret-new", "refresh_token": "5ecret-rotated" });
    let slack = json!({ "ok": true, "authed_user": { "id": "U1", "token_type": "user",
        "access_token": "5ecret-new", "refresh_token": "5ecret-rotated" } });
    let with_type = |token_type: serde_json::Value| {
        let mut tokens = tokens.clone();
        tokens["token_type"] = token_type;
        tokens
    };
    for response in [
        tokens.clone(),
        with_type(serde_json::Value::Null),
        with_type(json!("bot")),
        with_type(json!(["Bearer"])),
        slack,
    ] {
        let mocks = mocks_with_expiring_tokens().await;
        let application = mocks.application();
        // At the sign-in, the code is used up.
        mocks.respond_once(json_response(&response)).await;
        mocks.sign_in(&application).await;
        let user = application.user("ann");
        assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-new"), "{response}");
        // During the refresh, the old refresh token is.
        expire(&mocks).await;
        mocks.respond_once(json_response(&response)).await;
        let user = mocks.application().user("ann");
        assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-new"), "{response}");
        expire(&mocks).await;
        mocks.token(&mocks.application().user("ann")).await.unwrap();
        let sent = mocks.token_requests().await.pop().unwrap();
        assert_eq!(sent["refresh_token"], "5ecret-rotated", "{response}");
    }
}

#[tokio::test]
async fn token_that_cannot_be_sent_is_refused_and_the_old_record_kept() {
    let mocks = mocks_with_expiring_tokens().await;
    let application = mocks.application();
    let unusable = json!({ "access_token": "5ecret\r\nX-Evil: 1", "token_type": "Bearer",
        "refresh_token": "5ecret-evil" });
    mocks.respond_once(json_response(&unusable)).await;
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    let error = application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
    assert!(error_text(&error).contains("a line break"), "{error}");
    assert_eq!(mocks.token(&application.user("ann")).await.unwrap(), None);

    let before = mocks.sign_in(&application).await;
    mocks.respond_once(json_response(&unusable)).await;
    let user = application.user("ann");
    let error = mocks.token(&user).await.unwrap_err();
    assert!(matches!(oauth_error(&error), Error::Untrusted { .. }), "{error:?}");
    error_text(&*error);
    let key = StoreKey::new(Some("ann"), mocks.endpoint().url().as_str(), mocks.issuer.uri());
    let Some(Record::Credentials(mut kept)) = mocks.store.load(&key).await.unwrap() else {
        panic!("the credentials were removed")
    };
    // Only the error is new.
    let error = kept.last_error.take().unwrap();
    assert!(error.message.contains("a line break") && !error.needs_sign_in, "{error:?}");
    assert_eq!(*kept, before);
    mocks.token(&user).await.unwrap().unwrap();
}

/// Changes the stored access token so that it has expired.
async fn expire(mocks: &OAuthMocks) {
    let key = StoreKey::new(Some("ann"), mocks.endpoint().url().as_str(), mocks.issuer.uri());
    let stored = mocks.store.load(&key).await.expect("the memory store does not fail");
    let Some(Record::Credentials(mut credentials)) = stored else { panic!("not signed in") };
    credentials.expires_at = Some(1);
    let record = Record::Credentials(credentials);
    mocks.store.save(&key, &record).await.expect("the memory store does not fail");
}
