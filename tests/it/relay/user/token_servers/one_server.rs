//! A token without the name of its server is for the first server that is named.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use insta::assert_snapshot;
use relay::AccessToken;

use super::support::{received, relay_of, test_server};
use crate::support::{ALICE, BOB, describe_result};

#[tokio::test]
async fn a_token_goes_to_the_first_server_that_is_named_and_to_no_other() {
    let (a, b) = (test_server().await, test_server().await);
    let relay = relay_of(&[("a", &a), ("b", &b)]);
    let user = relay.with_token(ALICE);
    user.clone().tools("a").await.unwrap();
    assert_snapshot!(describe_result(user.tools("b").await), @r#"
    server "b": the access token was used with server "a", and is not sent to a second server; pass the token of each server with "Relay::with_tokens", or use a "TokenSource"
    -> Configuration, did not run
    "#);
    // The same for every other operation, and for every other handle with this token.
    assert!(user.connection("b").is_err());
    assert!(user.resources("b").await.is_err());
    assert!(user.read_resource("b", "file:///a").await.is_err());
    assert!(user.prompts("b").await.is_err());
    assert!(user.prompt("b", "a", ()).await.is_err());
    assert!(relay.with_token(ALICE).tools("b").await.is_err());
    assert!(relay.for_user("alice", AccessToken::new(ALICE)).tools("b").await.is_err());
    drop(user);
    relay.close().await.unwrap();
    assert!(relay.with_token(ALICE).tools("b").await.is_err());
    relay.with_token(ALICE).tools("a").await.unwrap();
    assert_eq!(b.requests().len(), 0);
}

#[tokio::test]
async fn concurrent_operations_send_a_token_to_one_server() {
    let servers = join_all((0..4).map(|_| test_server())).await;
    let names = ["a", "b", "c", "d"];
    let relay = relay_of(&names.into_iter().zip(&servers).collect::<Vec<_>>());
    let runs = (0..20).flat_map(|_| names).map(|name| {
        let user = relay.with_token(ALICE);
        tokio::spawn(async move { user.tools(name).await.is_ok() })
    });
    let succeeded = join_all(runs).await.into_iter().filter(|run| *run.as_ref().unwrap()).count();
    assert_eq!(succeeded, 20);
    assert_eq!(servers.iter().filter(|server| !server.requests().is_empty()).count(), 1);
}

#[tokio::test]
async fn servers_of_a_user_with_an_id_keep_their_own_tokens() {
    let (a, b) = (test_server().await, test_server().await);
    let relay = relay_of(&[("a", &a), ("b", &b)]);
    let user = |token| relay.for_user("alice", AccessToken::new(token));
    let tools = user(ALICE).tools("a").await.unwrap();
    // A handle that is not used does not change the token of any server.
    let of_b = user(BOB);
    tools.call("say", ()).await.unwrap();
    let tools_of_b = of_b.tools("b").await.unwrap();
    tools.call("say", ()).await.unwrap();
    tools_of_b.call("say", ()).await.unwrap();
    assert!(of_b.tools("a").await.is_err());
    tools.call("say", ()).await.unwrap();
    assert_eq!(received(&a), BTreeSet::from([ALICE.to_owned()]));
    assert_eq!(received(&b), BTreeSet::from([BOB.to_owned()]));
}
