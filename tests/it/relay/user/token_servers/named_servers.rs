//! Tokens that the application gives with the names of their servers.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use mcp_testkit::TestServer;
use relay::Server;

use super::support::{received, relay_of, test_server};
use crate::support::{ALICE, BOB, describe_result};

#[tokio::test]
async fn each_server_gets_its_own_token() {
    let (a, b, c) = (test_server().await, test_server().await, test_server().await);
    let servers = [&a, &b, &c];
    let relay = relay_of(&[("a", &a), ("b", &b)]);
    relay.add_server("c", Server::http(c.url()).api_key("5ecret-key")).unwrap();
    let user = relay.with_tokens([("a", ALICE), ("b", BOB)]);
    let toolset = user.toolset().await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (3, 0));
    toolset.call("relay__a__say", ()).await.unwrap();
    let expected = [ALICE, BOB, "5ecret-key"].map(|token| BTreeSet::from([token.to_owned()]));
    assert_eq!(servers.map(received), expected);
    // The same tokens are the same user. Other tokens are another user.
    let same = relay.with_tokens([("b", BOB), ("a", ALICE)]);
    assert_eq!(same.principal(), user.principal());
    assert_ne!(relay.with_tokens([("a", ALICE)]).principal(), user.principal());
    assert_ne!(relay.with_tokens([("a", BOB), ("b", ALICE)]).principal(), user.principal());
    same.toolset().await.unwrap();
    assert_eq!(servers.iter().map(|server| server.count("tools/list")).sum::<usize>(), 3);
    // The session on a server without a token belongs to the user, too.
    relay.tools("c").await.unwrap();
    assert_eq!(c.count("tools/list"), 2);
    user.close().await.unwrap();
    assert_eq!(servers.map(TestServer::open_sessions), [0, 0, 1]);
}

#[tokio::test]
async fn a_token_for_a_server_that_cannot_get_it_is_an_error_of_this_server() {
    let good = test_server().await;
    let relay = relay_of(&[("good", &good)]);
    relay.add_server("shared", Server::http(good.url()).shared()).unwrap();
    relay.add_server("local", Server::stdio(["no-such-program"])).unwrap();
    let user =
        relay.with_tokens([("good", ALICE), ("goood", BOB), ("shared", BOB), ("local", BOB)]);
    assert_snapshot!(describe_result(user.tools("shared").await), @r#"
    server "shared": the server is shared, so it is used with its own credentials; remove its token from "Relay::with_tokens"
    -> Configuration, did not run
    "#);
    let toolset = user.toolset().await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (1, 3));
    let failed = toolset.failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_snapshot!(failed, @r#"
    server "local": a stdio server gets no access token; to use it for all users, with the credentials in its "env", set "shared"
    server "shared": the server is shared, so it is used with its own credentials; remove its token from "Relay::with_tokens"
    server "goood": not registered; registered servers: "good", "local", "shared"
    "#);
    assert_eq!(received(&good), BTreeSet::from([ALICE.to_owned()]));
    assert!(!format!("{user:?} {toolset:?}").contains("5ecret"));
}
