//! Tool lists that several processes share through a store.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};
use insta::assert_snapshot;
use mcp_testkit::{Bearer, CallResult, Fault, On, Reply, TestServer, TestTool};
use mcp_types::{Revision, v2026_07_28::CacheScope};
use relay::{
    AccessToken, Error, Interceptor, ListRequest, NextList, Relay, Server, ServerTools, ToolList,
    ToolListStore,
};
use serde_json::json;

use crate::support::{
    ALICE, BOB, Script, advance_until, assert_no_secrets, error, result, start_test_server,
};

/// A list store in memory. Clones share their state.
#[derive(Clone, Default)]
pub(super) struct MemoryListStore(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl MemoryListStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().expect("no thread panics")
    }
}

impl ToolListStore for MemoryListStore {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(ready(self.lock().get(key).cloned()))
    }

    fn save<'a>(&'a self, key: &'a str, list: Vec<u8>, _: Duration) -> BoxFuture<'a, ()> {
        self.lock().insert(key.to_owned(), list);
        Box::pin(ready(()))
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        self.lock().remove(key);
        Box::pin(ready(()))
    }
}

/// A store that never responds.
struct UnresponsiveStore;

impl ToolListStore for UnresponsiveStore {
    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(pending())
    }

    fn save<'a>(&'a self, _: &'a str, _: Vec<u8>, _: Duration) -> BoxFuture<'a, ()> {
        Box::pin(pending())
    }

    fn remove<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(pending())
    }
}

fn tool(name: &str) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"))
}

fn tool_names(tools: &ServerTools) -> Vec<String> {
    tools.iter().map(|tool| tool.definition().name.clone()).collect()
}

/// A relay with one server that uses this store, as one of several processes.
fn relay_with_store(server: Server, store: &MemoryListStore) -> Relay {
    let builder = Relay::builder().server("main", server);
    builder.tool_list_store(store.clone()).build().expect("usable settings")
}

#[tokio::test]
async fn processes_share_lists_through_the_store() {
    let entry = json!({
        "name": "add", "description": "Adds", "title": "Add",
        "inputSchema": { "type": "object", "x-own": [1.0] },
        "annotations": { "readOnlyHint": true }, "_meta": { "a.example/b": 1 },
    });
    let list = result(&json!({ "tools": [entry, { "name": "no-schema" }] }));
    let gone = error(-32602, "Unknown tool: add", &json!(null));
    let server = Script::new().on("tools/list", list).on("tools/call", gone).start().await;
    let store = MemoryListStore::default();
    let relay_with_store = || relay_with_store(Server::http(server.url()), &store);
    let first = relay_with_store().with_token(ALICE).tools("main").await.unwrap();
    let second = relay_with_store().with_token(ALICE).tools("main").await.unwrap();
    assert_eq!(server.requests_of("tools/list").await.len(), 1);
    let of = |tools: &ServerTools| tools.get("add").unwrap().definition().clone();
    assert_eq!(of(&second), of(&first));
    assert_eq!(second.invalid(), first.invalid());
    // Each user has a separate entry, and no entry contains a token.
    relay_with_store().for_user("bob", AccessToken::new(BOB)).tools("main").await.unwrap();
    relay_with_store().tools("main").await.unwrap();
    let entries = format!("{:?}", store.lock());
    assert_no_secrets(&entries);
    let shown = |key: &String| {
        let parts: Vec<_> = key.split(':').collect();
        [&parts[..3], &["…"], &parts[4..5]].concat().join(":")
    };
    let keys: Vec<_> = store.lock().keys().map(shown).collect();
    assert_snapshot!(keys.join("\n"), @"
    relay:tools:main:…:registry
    relay:tools:main:…:token
    relay:tools:main:…:user
    ");
    // The list of a removed tool is fetched again by every process.
    second.call("add", ()).await.unwrap_err();
    relay_with_store().with_token(ALICE).tools("main").await.unwrap();
    assert_eq!(server.requests_of("tools/list").await.len(), 4);
    // An unreadable list is ignored.
    store.lock().values_mut().for_each(|list| list.truncate(50));
    assert_eq!(relay_with_store().tools("main").await.unwrap().len(), 1);
    assert_eq!(server.requests_of("tools/list").await.len(), 5);
}

#[tokio::test]
async fn replaced_server_does_not_use_the_stored_list() {
    let one = TestServer::builder().tool(tool("old")).start().await.unwrap();
    let other = TestServer::builder().tool(tool("new")).start().await.unwrap();
    let relay = relay_with_store(Server::http(one.url()), &MemoryListStore::default());
    relay.tools("main").await.unwrap();
    relay.add_server("main", Server::http(other.url())).unwrap();
    assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["new"]);
}

#[tokio::test]
async fn servers_with_different_api_keys_have_separate_lists() {
    let builder = TestServer::builder().bearer(Bearer::tokens([ALICE, BOB]));
    let builder = builder.tools_for(ALICE, [tool("a")]).tools_for(BOB, [tool("b")]);
    let server = builder.start().await.unwrap();
    let store = MemoryListStore::default();
    for (key, expected) in [(ALICE, "a"), (BOB, "b")] {
        let relay = relay_with_store(Server::http(server.url()).api_key(key), &store);
        assert_eq!(tool_names(&relay.tools("main").await.unwrap()), [expected]);
    }
    assert_no_secrets(&format!("{:?}", store.lock()));
}

#[tokio::test]
async fn invalidated_list_is_not_loaded_again() {
    let server = start_test_server().await;
    let relay = relay_with_store(Server::http(server.url()), &MemoryListStore::default());
    let tools = relay.tools("main").await.unwrap();
    server.add_tool(tool("new"));
    let notice = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    server.script(On::method("tools/call"), Fault::MessagesBefore(vec![notice]));
    tools.call("wait", json!({})).await.unwrap();
    // The old list is not used after a failed fetch either.
    server.script(On::method("tools/list"), Reply::status(503));
    relay.tools("main").await.unwrap_err();
    server.clear_script();
    assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["wait", "new"]);
}

#[tokio::test]
async fn lists_of_a_closed_user_are_removed() {
    let server = TestServer::builder().bearer(Bearer::tokens([ALICE, BOB])).start().await.unwrap();
    let store = MemoryListStore::default();
    let relay = relay_with_store(Server::http(server.url()), &store);
    let users = [ALICE, BOB].map(|token| relay.with_token(token));
    for user in &users {
        user.tools("main").await.unwrap();
    }
    users[0].close().await.unwrap();
    assert_eq!(store.lock().len(), 1);
}

#[tokio::test]
async fn unresponsive_store_counts_as_empty() {
    let server = TestServer::builder().tool(tool("add")).start().await.unwrap();
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay = builder.tool_list_store(UnresponsiveStore).build().unwrap();
    let user = relay.without_token();
    let (tools, waited) = advance_until(user.tools("main")).await;
    assert_eq!(tools.unwrap().len(), 1);
    assert!(waited < Duration::from_secs(12), "{waited:?}");
    advance_until(user.close()).await.0.unwrap();
}

#[tokio::test]
async fn zero_cache_duration_stores_nothing() {
    let caching = TestServer::builder().caching(Duration::from_secs(60), CacheScope::Private);
    let server = caching.revisions([Revision::V2026_07_28]).start().await.unwrap();
    let store = MemoryListStore::default();
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay =
        builder.cache_duration(Duration::ZERO).tool_list_store(store.clone()).build().unwrap();
    relay.tools("main").await.unwrap();
    relay.tools("main").await.unwrap();
    assert_eq!((server.count("tools/list"), store.lock().len()), (2, 0));
}

#[tokio::test]
async fn list_with_a_zero_ttl_is_not_stored() {
    let caching = TestServer::builder().caching(Duration::ZERO, CacheScope::Public);
    let server = caching.revisions([Revision::V2026_07_28]).start().await.unwrap();
    let store = MemoryListStore::default();
    let relay = relay_with_store(Server::http(server.url()), &store);
    relay.tools("main").await.unwrap();
    relay.tools("main").await.unwrap();
    assert_eq!((server.count("tools/list"), store.lock().len()), (2, 0));
}

#[tokio::test]
async fn stored_public_list_is_not_used_if_the_settings_disable_sharing() {
    let caching = TestServer::builder().caching(Duration::from_secs(60), CacheScope::Public);
    let caching = caching.revisions([Revision::V2026_07_28]).tool(tool("add"));
    let server = caching.bearer(Bearer::tokens([ALICE, BOB])).start().await.unwrap();
    let store = MemoryListStore::default();
    let sharing = relay_with_store(Server::http(server.url()), &store);
    sharing.with_token(ALICE).tools("main").await.unwrap();
    // Another process has other settings.
    let not_sharing = relay_with_store(Server::http(server.url()).shared_tool_list(false), &store);
    not_sharing.with_token(BOB).tools("main").await.unwrap();
    let requests = server.requests().into_iter();
    let lists = requests.filter(|request| request.method() == "tools/list");
    let tokens: Vec<_> = lists.map(|it| it.bearer_token().map(str::to_owned)).collect();
    assert_eq!(tokens, [Some(ALICE.to_owned()), Some(BOB.to_owned())]);
}

/// Writes into a list for whom it is.
struct DescribingInterceptor;

impl Interceptor for DescribingInterceptor {
    fn list_tools<'a>(
        &'a self,
        request: ListRequest,
        next: NextList<'a>,
    ) -> BoxFuture<'a, Result<ToolList, Error>> {
        Box::pin(async move {
            let mut list = next.run(request).await?;
            for tool in &mut list.tools {
                Arc::make_mut(tool).description = Some("for one alone".to_owned());
            }
            Ok(list)
        })
    }
}

#[tokio::test]
async fn intercepted_list_is_not_stored_as_public() {
    let caching = TestServer::builder().caching(Duration::from_secs(60), CacheScope::Public);
    let caching = caching.revisions([Revision::V2026_07_28]).tool(tool("add"));
    let server = caching.bearer(Bearer::tokens([ALICE, BOB])).start().await.unwrap();
    let store = MemoryListStore::default();
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let changing =
        builder.tool_list_store(store.clone()).interceptor(DescribingInterceptor).build().unwrap();
    changing.with_token(ALICE).tools("main").await.unwrap();
    let plain = relay_with_store(Server::http(server.url()), &store);
    plain.with_token(ALICE).tools("main").await.unwrap();
    let of_bob = plain.with_token(BOB).tools("main").await.unwrap();
    assert_ne!(of_bob.get("add").unwrap().description(), "for one alone");
}
