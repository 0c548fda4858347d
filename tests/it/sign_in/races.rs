//! Races between sign-in, sign-out and refresh, and futures that are dropped.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mcp_http::{TokenRequest, TokenSource, mcp_client::BoxError};
use mcp_oauth::{MemoryStore, OAuthClient, Record, Store, StoreKey, StoreLock, UserTokens};
use mcp_testkit::{Barrier, OAuthEndpoint, Reply};
use serde_json::json;
use tokio::{sync::watch, task};

use super::support::{OAuthFixture, client_builder};
use crate::support::with_timeout;

/// A store that counts locks and saves.
#[derive(Clone)]
struct ObservedStore {
    inner: MemoryStore,
    use_count: Arc<watch::Sender<usize>>,
}

impl ObservedStore {
    fn new() -> Self {
        Self { inner: MemoryStore::new(), use_count: Arc::new(watch::Sender::new(0)) }
    }

    fn used(&self) {
        self.use_count.send_modify(|use_count| *use_count += 1);
    }

    /// Waits for the next use after `before`, and lets other tasks run.
    async fn wait_for_use(&self, before: usize) {
        let mut use_count = self.use_count.subscribe();
        with_timeout(use_count.wait_for(|use_count| *use_count > before))
            .await
            .expect("the store is open");
        yield_repeatedly().await;
    }

    async fn token_of(&self, fixture: &OAuthFixture, principal: &str) -> Option<String> {
        let server = fixture.endpoint();
        let keys = self.keys(Some(principal), server.url().as_str()).await.unwrap();
        assert!(keys.len() < 2, "{keys:?}");
        match self.load(keys.first()?).await.unwrap()? {
            Record::Credentials(it) => Some(it.access_token.expose().to_owned()),
            other => panic!("{other:?}"),
        }
    }
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
        self.used();
        self.inner.save(key, record)
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
        self.used();
        self.inner.lock(key)
    }
}

/// Lets all tasks run that do not wait for a server.
async fn yield_repeatedly() {
    for _ in 0..50 {
        task::yield_now().await;
    }
}

fn client_with_store(store: &ObservedStore) -> OAuthClient {
    client_builder().store(store.clone()).build().unwrap()
}

/// A token response that is held until the barrier opens.
fn held_tokens(barrier: &Barrier) -> Reply {
    let tokens = json!({
        "access_token": "5ecret-late-access",
        "refresh_token": "5ecret-late-refresh",
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    Reply::json(&tokens).hold(barrier)
}

async fn token(fixture: &OAuthFixture, user: &UserTokens) -> Option<String> {
    let endpoint = fixture.endpoint();
    let token = user.token(TokenRequest::new(&endpoint)).await.unwrap();
    token.map(|token| token.expose().to_owned())
}

/// Refreshes Alice's tokens in another process. The response is held.
async fn start_held_refresh(
    fixture: &OAuthFixture,
    store: &ObservedStore,
    barrier: &Barrier,
) -> task::JoinHandle<()> {
    fixture.authorization_server.expire_access_tokens();
    fixture.authorization_server.script(OAuthEndpoint::Token, held_tokens(barrier));
    let user = fixture.user(&client_with_store(store).user("alice"));
    let call = tokio::spawn(async move { drop(user.tools("s").await) });
    with_timeout(barrier.wait_for_arrivals(1)).await;
    call
}

#[tokio::test]
async fn concurrent_refresh_does_not_undo_a_sign_out() {
    let (fixture, store, barrier) =
        (OAuthFixture::start().await, ObservedStore::new(), Barrier::new());
    let client = client_with_store(&store);
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let call = start_held_refresh(&fixture, &store, &barrier).await;
    let signing_out = {
        let (alice, server) = (alice.clone(), fixture.endpoint());
        tokio::spawn(async move { alice.sign_out(&server).await })
    };
    yield_repeatedly().await;
    barrier.open();
    with_timeout(signing_out).await.unwrap().unwrap();
    with_timeout(call).await.unwrap();
    assert_eq!(store.token_of(&fixture, "alice").await, None);
    assert_eq!(token(&fixture, &alice).await, None);
}

#[tokio::test]
async fn concurrent_refresh_does_not_undo_a_sign_in() {
    // A step-up would otherwise be lost.
    let (fixture, store, barrier) =
        (OAuthFixture::start().await, ObservedStore::new(), Barrier::new());
    let client = client_with_store(&store);
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let sign_in = alice.begin_sign_in(&fixture.endpoint(), None).await.unwrap();
    let callback = fixture.authorization_server.visit(sign_in.authorization_url.as_str()).unwrap();
    let call = start_held_refresh(&fixture, &store, &barrier).await;
    let before = *store.use_count.borrow();
    let finishing =
        tokio::spawn(async move { client.complete_sign_in(sign_in.pending, &callback).await });
    store.wait_for_use(before).await;
    barrier.open();
    let new = with_timeout(finishing).await.unwrap().unwrap().access_token;
    with_timeout(call).await.unwrap();
    assert_eq!(store.token_of(&fixture, "alice").await.as_deref(), Some(new.expose()));
    assert_eq!(token(&fixture, &alice).await.as_deref(), Some(new.expose()));
}

#[tokio::test]
async fn user_tokens_of_one_user_share_their_state() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let [one, other] = [client.user("alice"), client.user("alice")];
    let mut known = Vec::new();
    for _ in 0..2 {
        let new = fixture.sign_in(&client, &one).await.unwrap().access_token;
        for user in [&one, &other] {
            assert_eq!(token(&fixture, user).await.as_deref(), Some(new.expose()));
        }
        known.push(new);
    }
    assert!(known[0] != known[1]);
    one.sign_out(&fixture.endpoint()).await.unwrap();
    assert_eq!(token(&fixture, &other).await, None);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn dropped_sign_in_completes_after_the_code_is_sent() {
    let (fixture, store, barrier) =
        (OAuthFixture::start().await, ObservedStore::new(), Barrier::new());
    let client = client_with_store(&store);
    let alice = client.user("alice");
    let sign_in = alice.begin_sign_in(&fixture.endpoint(), None).await.unwrap();
    let callback = fixture.authorization_server.visit(sign_in.authorization_url.as_str()).unwrap();
    fixture.authorization_server.script(OAuthEndpoint::Token, held_tokens(&barrier));
    let before = *store.use_count.borrow();
    let finishing =
        tokio::spawn(async move { client.complete_sign_in(sign_in.pending, &callback).await });
    with_timeout(barrier.wait_for_arrivals(1)).await;
    finishing.abort();
    assert!(finishing.await.unwrap_err().is_cancelled());
    barrier.open();
    store.wait_for_use(before).await;
    assert_eq!(store.token_of(&fixture, "alice").await.as_deref(), Some("5ecret-late-access"));
}

#[tokio::test]
async fn dropped_sign_out_completes() {
    let (fixture, store, barrier) =
        (OAuthFixture::start().await, ObservedStore::new(), Barrier::new());
    let client = client_with_store(&store);
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    assert!(token(&fixture, &alice).await.is_some());
    fixture
        .authorization_server
        .script(OAuthEndpoint::Revocation, Reply::status(200).hold(&barrier));
    let signing_out = {
        let (alice, server) = (alice.clone(), fixture.endpoint());
        tokio::spawn(async move { alice.sign_out(&server).await })
    };
    with_timeout(barrier.wait_for_arrivals(1)).await;
    signing_out.abort();
    assert!(signing_out.await.unwrap_err().is_cancelled());
    barrier.open();
    assert_eq!(with_timeout(token(&fixture, &alice)).await, None);
    assert_eq!(store.token_of(&fixture, "alice").await, None);
}
