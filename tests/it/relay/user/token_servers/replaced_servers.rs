//! Servers that are replaced or that redirect: a token does not follow.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::SubscriptionFilter;
use mcp_testkit::{Barrier, Fault, On, Reply, TestServer};
use relay::{AccessToken, Error, Server};

use super::support::{received, relay_of, test_server};
use crate::support::{
    ALICE, BOB, PROTOCOL_VERSIONS, ScriptedServer, describe_result, full_request_log, with_timeout,
};

#[tokio::test]
async fn a_token_does_not_follow_a_name_to_another_server() {
    let (old, new) = (test_server().await, test_server().await);
    let relay = relay_of(&[("main", &old)]);
    let users = [
        relay.with_token(ALICE),
        relay.for_user("bob", AccessToken::new(BOB)),
        relay.with_tokens([("main", ALICE), ("later", BOB)]),
    ];
    let mut tools = Vec::new();
    for user in &users {
        tools.push(user.tools("main").await.unwrap());
    }
    // The same URL is the same server.
    relay.add_server("main", Server::http(old.url())).unwrap();
    for user in &users {
        tools.push(user.tools("main").await.unwrap());
    }
    relay.add_server("main", Server::http(new.url())).unwrap();
    relay.add_server("later", Server::http(new.url())).unwrap();
    for tools in tools {
        assert!(matches!(tools.call("say", ()).await, Err(Error::Configuration { .. })));
    }
    assert_snapshot!(describe_result(users[0].tools("main").await), @r#"
    server "main": the access token was used before this server was replaced, and is not sent to another URL; pass it with "Relay::with_tokens"
    -> Configuration, did not run
    "#);
    assert!(users[1].tools("main").await.is_err());
    assert_snapshot!(describe_result(users[2].tools("main").await), @r#"
    server "main": the server was added or replaced after "Relay::with_tokens", so its token is not sent; call "Relay::with_tokens" again
    -> Configuration, did not run
    "#);
    assert!(users[2].tools("later").await.is_err());
    assert_eq!(new.requests().len(), 0);
    relay.with_tokens([("main", ALICE)]).tools("main").await.unwrap();
    assert_eq!(received(&new), BTreeSet::from([ALICE.to_owned()]));
}

#[tokio::test]
async fn a_request_that_waits_while_its_server_is_replaced_is_not_repeated_on_the_new_server() {
    let (old, new) = (test_server().await, test_server().await);
    let relay = relay_of(&[("main", &old)]);
    let barrier = Barrier::new();
    old.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
    let user = relay.with_token(ALICE);
    let replace = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        relay.add_server("main", Server::http(new.url())).unwrap();
        barrier.open();
    };
    let (tools, ()) = tokio::join!(user.tools("main"), replace);
    assert!(matches!(tools, Err(Error::Configuration { .. })));
    assert_eq!(new.requests().len(), 0);
}

#[tokio::test]
async fn a_resumed_call_does_not_take_its_token_to_another_server() {
    let (old, new) = (test_server().await, test_server().await);
    let relay = relay_of(&[("main", &old)]);
    let user = relay.for_user("alice", AccessToken::new(ALICE));
    let tools = user.tools("main").await.unwrap();
    old.script(On::method("tools/call"), Reply::unauthorized("Bearer"));
    let error = tools.call("say", ()).await.unwrap_err();
    let pending = error.authorization().unwrap().pending_call.clone().unwrap();
    relay.add_server("main", Server::http(new.url())).unwrap();
    assert!(matches!(user.resume(pending.clone()).await, Err(Error::Configuration { .. })));
    assert_eq!(new.requests().len(), 0);
    // A token that was issued for the new server is sent there.
    let user = relay.for_user("alice", AccessToken::new(BOB));
    user.resume(pending).await.unwrap();
    assert_eq!(received(&new), BTreeSet::from([BOB.to_owned()]));
}

#[tokio::test]
async fn a_subscription_keeps_to_its_server() {
    for revision in PROTOCOL_VERSIONS {
        let start = || TestServer::builder().revisions([revision]).allow_get(true).start();
        let (old, new) = (start().await.unwrap(), start().await.unwrap());
        let relay = relay_of(&[("main", &old)]);
        let user = relay.for_user("alice", AccessToken::new(ALICE));
        let connection = user.connection("main").unwrap();
        let filter = SubscriptionFilter::new().tools();
        let mut changes = connection.subscribe(filter).await.unwrap();
        relay.add_server("main", Server::http(new.url())).unwrap();
        // The user also gets a token for the new server, while the subscription is renewed.
        relay
            .for_user("alice", AccessToken::new(BOB))
            .connection("main")
            .unwrap()
            .connect()
            .await
            .unwrap();
        old.close_streams();
        let listen = if revision == PROTOCOL_VERSIONS[0] { "GET" } else { "subscriptions/listen" };
        // A subscription makes progress only while it is polled.
        tokio::select! {
            change = changes.next() => panic!("the subscription ended: {change:?}"),
            _ = with_timeout(old.wait_for_requests(listen, 2)) => {}
        }
        assert_eq!(received(&old), BTreeSet::from([ALICE.to_owned()]));
        assert_eq!(received(&new), BTreeSet::from([BOB.to_owned()]));
    }
}

#[tokio::test]
async fn a_redirect_does_not_take_a_token_to_another_server() {
    let target = ScriptedServer::start().await;
    let server = test_server().await;
    server.script(On::any(), Reply::redirect(&target.url()));
    let relay = relay_of(&[("main", &server)]);
    assert!(relay.with_token(ALICE).tools("main").await.is_err());
    assert_eq!(full_request_log(&target.all_requests().await), "");
}
