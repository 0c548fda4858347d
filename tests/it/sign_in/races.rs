//! What happens to the same sign-in at once, in two processes or to a future that is dropped.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mcp_http::{TokenRequest, TokenSource, mcp_client::BoxError};
use mcp_oauth::{Key, Lock, MemoryStore, OAuthClient, Record, Store, UserTokens};
use mcp_testkit::{Gate, OAuthEndpoint, Reply};
use serde_json::json;
use tokio::{sync::watch, task};

use super::support::{World, application};
use crate::support::with_timeout;

/// A store that counts how often somebody wants a lock or saves.
#[derive(Clone)]
struct Watched {
    kept: MemoryStore,
    uses: Arc<watch::Sender<usize>>,
}

impl Watched {
    fn new() -> Self {
        Self { kept: MemoryStore::new(), uses: Arc::new(watch::Sender::new(0)) }
    }

    fn used(&self) {
        self.uses.send_modify(|uses| *uses += 1);
    }

    /// Waits for the next use after so many, and until all has happened that needs nobody else.
    async fn settled(&self, before: usize) {
        let mut uses = self.uses.subscribe();
        with_timeout(uses.wait_for(|uses| *uses > before)).await.expect("the store is there");
        settle().await;
    }

    async fn token_of(&self, world: &World, principal: &str) -> Option<String> {
        let server = world.endpoint();
        let keys = self.keys(Some(principal), server.url().as_str()).await.unwrap();
        assert!(keys.len() < 2, "{keys:?}");
        match self.load(keys.first()?).await.unwrap()? {
            Record::Credentials(it) => Some(it.access_token.expose().to_owned()),
            other => panic!("{other:?}"),
        }
    }
}

impl Store for Watched {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        self.kept.load(key)
    }

    fn save<'a>(&'a self, key: &'a Key, record: &'a Record) -> BoxFuture<'a, Result<(), BoxError>> {
        self.used();
        self.kept.save(key, record)
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), BoxError>> {
        self.kept.remove(key)
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Key>, BoxError>> {
        self.kept.keys(principal, server)
    }

    fn lock<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Lock, BoxError>> {
        self.used();
        self.kept.lock(key)
    }
}

/// Lets all go on that waits for no server.
async fn settle() {
    for _ in 0..50 {
        task::yield_now().await;
    }
}

fn with(store: &Watched) -> OAuthClient {
    application().store(store.clone()).build().unwrap()
}

/// An answer with tokens that comes once the gate is open.
fn held_tokens(gate: &Gate) -> Reply {
    let tokens = json!({
        "access_token": "5ecret-late-access",
        "refresh_token": "5ecret-late-refresh",
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    Reply::json(&tokens).hold(gate)
}

async fn token(world: &World, user: &UserTokens) -> Option<String> {
    let endpoint = world.endpoint();
    let token = user.token(TokenRequest::new(&endpoint)).await.unwrap();
    token.map(|token| token.expose().to_owned())
}

/// Another process refreshes alice's sign-in, and the answer to it is held.
async fn refreshing(world: &World, store: &Watched, gate: &Gate) -> task::JoinHandle<()> {
    world.accounts.expire_access_tokens();
    world.accounts.script(OAuthEndpoint::Token, held_tokens(gate));
    let user = world.user(&with(store).user("alice"));
    let call = tokio::spawn(async move { drop(user.tools("s").await) });
    with_timeout(gate.reached(1)).await;
    call
}

#[tokio::test]
async fn concurrent_refresh_does_not_undo_a_sign_out() {
    let (world, store, gate) = (World::start().await, Watched::new(), Gate::new());
    let client = with(&store);
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    let call = refreshing(&world, &store, &gate).await;
    let signing_out = {
        let (alice, server) = (alice.clone(), world.endpoint());
        tokio::spawn(async move { alice.sign_out(&server).await })
    };
    settle().await;
    gate.open();
    with_timeout(signing_out).await.unwrap().unwrap();
    with_timeout(call).await.unwrap();
    assert_eq!(store.token_of(&world, "alice").await, None);
    assert_eq!(token(&world, &alice).await, None);
}

#[tokio::test]
async fn concurrent_refresh_does_not_undo_a_sign_in() {
    // A step-up would be for nothing.
    let (world, store, gate) = (World::start().await, Watched::new(), Gate::new());
    let client = with(&store);
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    let sign_in = alice.begin(&world.endpoint(), None).await.unwrap();
    let callback = world.accounts.visit(sign_in.authorization_url.as_str()).unwrap();
    let call = refreshing(&world, &store, &gate).await;
    let before = *store.uses.borrow();
    let finishing = tokio::spawn(async move { client.finish(sign_in.pending, &callback).await });
    store.settled(before).await;
    gate.open();
    let new = with_timeout(finishing).await.unwrap().unwrap().access_token;
    with_timeout(call).await.unwrap();
    assert_eq!(store.token_of(&world, "alice").await.as_deref(), Some(new.expose()));
    assert_eq!(token(&world, &alice).await.as_deref(), Some(new.expose()));
}

#[tokio::test]
async fn user_tokens_of_one_user_share_their_state() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let [one, other] = [client.user("alice"), client.user("alice")];
    let mut known = Vec::new();
    for _ in 0..2 {
        let new = world.sign_in(&client, &one).await.unwrap().access_token;
        for user in [&one, &other] {
            assert_eq!(token(&world, user).await.as_deref(), Some(new.expose()));
        }
        known.push(new);
    }
    assert!(known[0] != known[1]);
    one.sign_out(&world.endpoint()).await.unwrap();
    assert_eq!(token(&world, &other).await, None);
    world.assert_no_violations();
}

#[tokio::test]
async fn dropped_sign_in_completes_after_the_code_is_sent() {
    let (world, store, gate) = (World::start().await, Watched::new(), Gate::new());
    let client = with(&store);
    let alice = client.user("alice");
    let sign_in = alice.begin(&world.endpoint(), None).await.unwrap();
    let callback = world.accounts.visit(sign_in.authorization_url.as_str()).unwrap();
    world.accounts.script(OAuthEndpoint::Token, held_tokens(&gate));
    let before = *store.uses.borrow();
    let finishing = tokio::spawn(async move { client.finish(sign_in.pending, &callback).await });
    with_timeout(gate.reached(1)).await;
    finishing.abort();
    assert!(finishing.await.unwrap_err().is_cancelled());
    gate.open();
    store.settled(before).await;
    assert_eq!(store.token_of(&world, "alice").await.as_deref(), Some("5ecret-late-access"));
}

#[tokio::test]
async fn dropped_sign_out_completes() {
    let (world, store, gate) = (World::start().await, Watched::new(), Gate::new());
    let client = with(&store);
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    assert!(token(&world, &alice).await.is_some());
    world.accounts.script(OAuthEndpoint::Revocation, Reply::status(200).hold(&gate));
    let signing_out = {
        let (alice, server) = (alice.clone(), world.endpoint());
        tokio::spawn(async move { alice.sign_out(&server).await })
    };
    with_timeout(gate.reached(1)).await;
    signing_out.abort();
    assert!(signing_out.await.unwrap_err().is_cancelled());
    gate.open();
    assert_eq!(with_timeout(token(&world, &alice)).await, None);
    assert_eq!(store.token_of(&world, "alice").await, None);
}
