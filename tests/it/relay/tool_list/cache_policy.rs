//! Cache policy: TTLs, public lists, stale lists.

use std::time::Duration;

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_testkit::{Bearer, CallResult, On, Reply, TestServer, TestTool};
use mcp_types::{Revision, v2026_07_28::CacheScope};
use relay::{Interceptor, Relay, Server};
use serde_json::json;

use super::store::MemoryListStore;
use crate::relay::support::{relay_of, relay_with, server_with};
use crate::support::{ALICE, BOB, advance_time, advance_until, result, status};

fn tool(name: &str) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"))
}

/// A stateless server whose lists have this TTL and scope.
async fn server(ttl: u64, scope: CacheScope) -> TestServer {
    let builder = TestServer::builder().revisions([Revision::V2026_07_28]);
    let builder = builder.caching(Duration::from_secs(ttl), scope).tool(tool("add"));
    builder.bearer(Bearer::tokens([ALICE, BOB])).start().await.expect("a free port")
}

#[tokio::test]
async fn ttl_of_the_server_limits_the_cache() {
    let server = server(60, CacheScope::Private).await;
    let relay = relay_with(Server::http(server.url()));
    let alice = relay.with_token(ALICE);
    alice.tools("main").await.unwrap();
    advance_time(Duration::from_secs(59)).await;
    alice.tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 1);
    advance_time(Duration::from_secs(2)).await;
    alice.tools("main").await.unwrap();
    relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 3);
}

#[tokio::test]
async fn zero_ttl_disables_the_cache() {
    let server = server(0, CacheScope::Public).await;
    let alice = relay_with(Server::http(server.url())).with_token(ALICE);
    alice.tools("main").await.unwrap();
    alice.tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 2);
}

#[tokio::test]
async fn public_list_is_shared_by_all_users() {
    let server = server(60, CacheScope::Public).await;
    let relay = relay_with(Server::http(server.url()));
    relay.with_token(ALICE).tools("main").await.unwrap();
    let of_bob = relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 1);
    // Calls are made on behalf of their own user.
    of_bob.call("add", json!({})).await.unwrap();
    let call = server.requests().into_iter().find(|request| request.method() == "tools/call");
    assert_eq!(call.unwrap().bearer_token(), Some(BOB));
    // The application can disable sharing.
    let relay = relay_with(Server::http(server.url()).shared_tool_list(false));
    relay.with_token(ALICE).tools("main").await.unwrap();
    relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 3);
    // Lists that an interceptor may change are not shared.
    struct Nothing;
    impl Interceptor for Nothing {}
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay = builder.interceptor(Nothing).build().unwrap();
    relay.with_token(ALICE).tools("main").await.unwrap();
    relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(server.count("tools/list"), 5);
}

#[tokio::test]
async fn shared_list_does_not_share_errors() {
    let rejection = || status(401).header("www-authenticate", "Bearer scope=x");
    let list =
        result(&json!({ "tools": [{ "name": "add", "inputSchema": { "type": "object" } }] }));
    let server = server_with("tools/list", [rejection(), list]).await;
    let relay = relay_with(Server::http(server.url()).shared_tool_list(true));
    let users = [ALICE, BOB].map(|token| relay.with_token(token));
    let lists = join_all(users.iter().map(|user| user.tools("main"))).await;
    for (user, list) in users.iter().zip(&lists) {
        if let Err(error) = list {
            assert_eq!(error.authorization().unwrap().principal, user.principal());
        }
    }
    assert_eq!(lists.iter().filter(|list| list.is_err()).count(), 1);
    relay.without_token().tools("main").await.unwrap();
    assert_eq!(server.requests_of("tools/list").await.len(), 2);
}

#[tokio::test]
async fn invalidation_by_one_user_drops_the_shared_list() {
    let server = TestServer::builder().tool(tool("add")).start().await.unwrap();
    let relay = relay_with(Server::http(server.url()).shared_tool_list(true));
    let (alice, bob) = (relay.with_token(ALICE), relay.with_token(BOB));
    alice.tools("main").await.unwrap();
    assert_eq!(bob.tools("main").await.unwrap().len(), 1);
    bob.connection("main").unwrap().connect().await.unwrap();
    server.add_tool(tool("sub"));
    server.end_sessions();
    // Bob's session is lost: the server may have been replaced.
    bob.tools("main").await.unwrap().call("add", ()).await.unwrap();
    assert_eq!(bob.tools("main").await.unwrap().len(), 2);
    assert_eq!(alice.tools("main").await.unwrap().len(), 2);
}

#[tokio::test]
async fn stale_list_is_served_while_it_is_refreshed() {
    let server = TestServer::builder().tool(tool("add")).start().await.unwrap();
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let builder = builder.cache_duration(Duration::from_secs(60));
    let relay = builder.serve_stale(Duration::from_secs(600)).build().unwrap();
    assert_eq!(relay.tools("main").await.unwrap().len(), 1);
    server.add_tool(tool("sub"));
    advance_time(Duration::from_secs(61)).await;
    assert_eq!(relay.tools("main").await.unwrap().len(), 1);
    // The new list is fetched in the background.
    let (count, _) = advance_until(async {
        loop {
            let tools = relay.tools("main").await.unwrap();
            if tools.len() == 2 {
                break server.count("tools/list");
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(count, 2);
    // If the refresh fails, the stale list is served until its time is over.
    server.script(On::method("tools/list"), Reply::status(500));
    advance_time(Duration::from_secs(300)).await;
    assert_eq!(relay.tools("main").await.unwrap().len(), 2);
    advance_time(Duration::from_secs(600)).await;
    assert!(relay.tools("main").await.is_err());
}

#[tokio::test]
async fn maximum_durations_do_not_overflow() {
    let server = TestServer::builder().tool(tool("add")).start().await.unwrap();
    let main = || Server::http(server.url()).timeout(Duration::MAX);
    let builder = || Relay::builder().server("main", main()).session_idle_timeout(Duration::MAX);
    let for_ever =
        builder().cache_duration(Duration::MAX).tool_list_store(MemoryListStore::default());
    let stale_for_ever =
        builder().cache_duration(Duration::from_secs(1)).serve_stale(Duration::MAX);
    for builder in [for_ever, stale_for_ever] {
        let user = builder.build().unwrap().without_token();
        user.tools("main").await.unwrap();
        advance_time(Duration::from_secs(60 * 60 * 24 * 365)).await;
        server.script(On::method("tools/list"), Reply::status(500));
        let toolset = user.toolset().timeout(Duration::MAX).await.unwrap();
        assert_eq!(toolset.len(), 1);
        server.clear_script();
    }
}

#[tokio::test]
async fn cache_stats_count_hits_fetches_and_failures() {
    let server = server_with("tools/list", []).await;
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    join_all((0..5).map(|_| user.tools("main"))).await;
    user.tools("main").await.unwrap();
    let broken = relay_of(&server_with("tools/list", [status(500)]).await);
    broken.tools("main").await.unwrap_err();
    assert_snapshot!(format!("{:?}\n{:?}", relay.cache_stats(), broken.cache_stats()), @"
    CacheStats { hits: 1, stale: 0, joined: 4, fetches: 1, failures: 0 }
    CacheStats { hits: 0, stale: 0, joined: 0, fetches: 1, failures: 1 }
    ");
}
