//! A toolset with one token is for one server.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use relay::{AccessToken, Server};

use super::support::{received, relay_of, server_with_invalid_settings, test_server};
use crate::support::{ALICE, BOB, describe_result};

#[tokio::test]
async fn toolset_with_one_token_requires_one_server() {
    let (a, b) = (test_server().await, test_server().await);
    let relay = relay_of(&[("a", &a), ("b", &b)]);
    let user = relay.with_token(ALICE);
    assert_snapshot!(describe_result(user.toolset().await), @r#"
    the access token is for one server, but several servers could get it: "a", "b"; pass the token of each server with "Relay::with_tokens", use a "TokenSource", or choose one server with "ToolsetRequest::servers"
    -> Configuration, did not run
    "#);
    let id_user = relay.for_user("alice", AccessToken::new(ALICE));
    assert!(id_user.toolset().await.is_err());
    assert!(user.toolset().servers(["a"]).required(["b"]).await.is_err());
    assert_eq!(a.requests().len() + b.requests().len(), 0);
    // One server that could get the token is enough, and so are several names of one server.
    relay.add_server("again", Server::http(a.url())).unwrap();
    relay.add_server("local", Server::stdio(["no-such-program"])).unwrap();
    let toolset = user.toolset().servers(["a", "again", "local"]).await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (2, 1));
    assert_eq!(received(&a), BTreeSet::from([ALICE.to_owned()]));
    // More servers than the error names.
    for n in 0..5 {
        relay.add_server(format!("c{n}"), Server::http(format!("http://127.0.0.1:{n}/"))).unwrap();
    }
    let error = user.toolset().await.unwrap_err().to_string();
    assert!(error.contains(r#""a", "b", "c0", "c1", "c2" and 2 more;"#), "{error}");
}

#[tokio::test]
async fn toolset_with_one_token_counts_servers_that_cannot_be_used() {
    let weather = test_server().await;
    let relay = relay_of(&[("weather", &weather)]);
    let invalid = |shared| server_with_invalid_settings("https://github.example/mcp", shared);
    relay.add_server("github", invalid(false)).unwrap();
    relay.add_server("local", Server::stdio(["no-such-program"])).unwrap();
    // The token may be for "github", so it must not go to "weather".
    let user = relay.with_token(ALICE);
    assert_snapshot!(describe_result(user.toolset().await), @r#"
    the access token is for one server, but several servers could get it: "github" (its settings are invalid), "weather"; pass the token of each server with "Relay::with_tokens", use a "TokenSource", or choose one server with "ToolsetRequest::servers"
    -> Configuration, did not run
    "#);
    let toolset = user.toolset().servers(["gihtub", "weather"]);
    assert_snapshot!(describe_result(toolset.await), @r#"
    the access token is for one server, but several servers could get it: "gihtub" (not registered), "weather"; pass the token of each server with "Relay::with_tokens", use a "TokenSource", or choose one server with "ToolsetRequest::servers"
    -> Configuration, did not run
    "#);
    let id_user = relay.for_user("alice", AccessToken::new(ALICE));
    for user in [&user, &id_user] {
        for other in ["github", "gihtub"] {
            assert!(user.toolset().servers([other, "weather"]).await.is_err());
            assert!(user.toolset().servers(["weather"]).required([other]).await.is_err());
        }
    }
    assert_eq!(weather.requests().len(), 0);
    // Alone, each of them returns its own error.
    for name in ["github", "gihtub"] {
        let toolset = user.toolset().servers([name, "local"]).await.unwrap();
        assert_eq!((toolset.ready.len(), toolset.failed.len()), (0, 2));
    }
    // A shared server never gets the token.
    relay.add_server("github", invalid(true)).unwrap();
    let toolset = user.toolset().servers(["github", "weather"]).await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (1, 1));
    assert_eq!(received(&weather), BTreeSet::from([ALICE.to_owned()]));
    // Handles of other kinds get the tools of the other servers.
    for user in [relay.without_token(), relay.with_tokens([("github", ALICE), ("weather", BOB)])] {
        assert_eq!(user.toolset().servers(["gihtub", "weather"]).await.unwrap().ready.len(), 1);
    }
}
