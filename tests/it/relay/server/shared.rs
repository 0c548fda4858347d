//! Shared servers, which all users use with the credentials of the server.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use insta::{allow_duplicates, assert_snapshot};
use mcp_http::HttpCallOptions;
use mcp_testkit::{Bearer, CallResult, On, Reply, TestPrompt, TestResource, TestServer, TestTool};
use mcp_types::v2026_07_28::CacheScope;
use relay::{AccessToken, CallOptions, Config, Relay, Server, User};
use serde_json::json;

use crate::support::{
    ALICE, BOB, PROTOCOL_VERSIONS, ScriptedTokenSource, describe_error, describe_result,
    with_timeout,
};

const SERVER: &str = env!("CARGO_BIN_EXE_stdio-server");
const KEY: &str = "5ecret-key";

fn tool() -> TestTool {
    TestTool::new("say", json!({ "type": "object" }), |_| CallResult::text("done"))
}

/// All kinds of handles, each of another user.
fn users(relay: &Relay) -> Vec<User> {
    vec![
        relay.with_token(ALICE),
        relay.with_tokens([("other", BOB)]),
        relay.for_user("alice", AccessToken::new(BOB)),
        relay.for_user("bob", ScriptedTokenSource::new(|_, _| panic!("no token is needed"))),
        relay.without_token(),
    ]
}

#[tokio::test]
async fn all_users_share_the_session_the_list_and_the_key() {
    for revision in PROTOCOL_VERSIONS {
        let server = TestServer::builder()
            .revisions([revision])
            .caching(Duration::from_secs(60), CacheScope::Private)
            .bearer(Bearer::tokens([KEY]))
            .tool(tool())
            .resource(TestResource::new("file:///a", "a", "text"))
            .prompt(TestPrompt::new("greet", |_| CallResult::messages([])))
            .start()
            .await
            .unwrap();
        let settings = Server::http(server.url()).api_key(KEY).shared();
        let relay = Relay::builder().server("search", settings).build().unwrap();
        for user in users(&relay) {
            let toolset = user.toolset().await.unwrap();
            toolset.call("relay__search__say", ()).await.unwrap();
            assert_eq!(user.tools("search").await.unwrap().len(), 1);
            assert_eq!(user.resources("search").await.unwrap().items.len(), 1);
            assert_eq!(user.prompts("search").await.unwrap().items.len(), 1);
            user.prompt("search", "greet", ()).await.unwrap();
            user.connection("search").unwrap().call_tool("say", ()).await.unwrap();
        }
        let tokens: BTreeSet<_> = server
            .requests()
            .iter()
            .map(|request| request.bearer_token().map(str::to_owned))
            .collect();
        assert_eq!(tokens, BTreeSet::from([Some(KEY.to_owned())]));
        assert_eq!(server.count("tools/list"), 1, "one list for all");
        assert!(server.count("initialize") <= 1, "one session for all");
        // The session belongs to no user, so it stays open when a user is closed.
        relay.with_token(ALICE).close().await.unwrap();
        let before = server.count("DELETE");
        relay.close().await.unwrap();
        assert_eq!((before, server.open_sessions()), (0, 0));
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_token_of_a_call_is_an_error() {
    for revision in PROTOCOL_VERSIONS {
        let server =
            TestServer::builder().revisions([revision]).tool(tool()).start().await.unwrap();
        let settings = Server::http(server.url()).api_key(KEY);
        let relay = Relay::builder()
            .server("search", settings.clone().shared())
            .server("own", settings)
            .build()
            .unwrap();
        let call = async |user: &User, name: &str| {
            let tool = user.tools(name).await.unwrap().get("say").unwrap();
            tool.with_options(CallOptions::new().bearer_token(BOB)).call(()).await
        };
        for user in users(&relay) {
            let result = call(&user, "search").await;
            allow_duplicates! {
                assert_snapshot!(describe_result(result), @r#"
                server "search": tool "say": the server is shared, so it is used with its own credentials; remove the token from the options of the call
                -> Configuration, did not run
                "#);
            }
        }
        assert_eq!(server.count("tools/call"), 0);
        call(&relay.without_token(), "own").await.unwrap();
        assert_eq!(server.count("tools/call"), 1);
    }
}

#[tokio::test]
async fn a_shared_stdio_server_is_ready_for_every_user() {
    let server = TestServer::builder().bearer(Bearer::tokens([ALICE])).tool(tool()).start().await;
    let server = server.unwrap();
    let text = format!(
        "[servers.far]\nurl = '{}'\n[servers.files]\ncommand = [{SERVER:?}, 'new']\nshared = true",
        server.url()
    );
    let relay = Relay::new(Config::from_toml(&text, |_| None).unwrap()).unwrap();
    let mut processes = BTreeSet::new();
    for user in users(&relay) {
        let toolset = user.toolset().servers(["files"]).await.unwrap();
        let output = with_timeout(toolset.call("relay__files__pid", ())).await.unwrap();
        processes.insert(output.text());
    }
    assert_eq!(processes.len(), 1, "all users share one process");
    // The only server that could get the token is the other one.
    let toolset = relay.with_token(ALICE).toolset().await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (2, 0));
    // A user who leaves does not end the process.
    relay.with_token(ALICE).close().await.unwrap();
    let process = processes.first().unwrap();
    assert!(Path::new(&format!("/proc/{process}")).exists());
    with_timeout(relay.close()).await.unwrap();
    assert!(!Path::new(&format!("/proc/{process}")).exists());
}

#[tokio::test]
async fn a_stdio_server_that_is_not_shared_fails_with_the_cure() {
    let relay = Relay::builder().server("files", Server::stdio([SERVER])).build().unwrap();
    for user in &users(&relay)[..4] {
        let toolset = user.toolset().servers(["files"]).await.unwrap();
        assert_eq!(toolset.ready.len(), 0);
        allow_duplicates!(assert_snapshot!(describe_error(&toolset.failed[0]), @r#"
        server "files": a stdio server gets no access token; to use it for all users, with the credentials in its "env", set "shared"
        -> Configuration, did not run
        "#));
        let error = describe_result(user.tools("files").await);
        allow_duplicates!(assert_snapshot!(error, @r#"
        server "files": a stdio server does not accept access tokens; pass credentials in "env"
        -> Configuration, did not run
        "#));
    }
}

#[tokio::test]
async fn a_rejected_key_is_a_failure_and_no_sign_in() {
    let server = TestServer::builder().bearer(Bearer::tokens([KEY])).tool(tool()).start().await;
    let server = server.unwrap();
    let relay = Relay::builder().server("search", Server::http(server.url()).api_key(KEY).shared());
    let relay = relay.build().unwrap();
    let user = relay.for_user("alice", AccessToken::new(ALICE));
    let tools = user.tools("search").await.unwrap();
    server.expire_token(KEY);
    let error = tools.call("say", ()).await.unwrap_err();
    let error = error.authorization().expect("it is not hidden in another error");
    assert_eq!(error.principal, relay.without_token().principal());
    // The call can still be resumed, by its own user, once the server accepts the key again.
    let pending = error.pending_call.clone().unwrap();
    assert_eq!(pending.user.as_deref(), Some("alice"));
    server.script(On::method("tools/list"), Reply::unauthorized("Bearer"));
    relay.close().await.unwrap_err();
    let toolset = user.toolset().await.unwrap();
    assert_eq!((toolset.needs_authorization.len(), toolset.failed.len()), (0, 1));
    assert!(toolset.failed[0].authorization().is_some());
    server.clear_script();
    server.accept_token(KEY);
    assert!(relay.with_token(BOB).resume(pending.clone()).await.is_err());
    assert_eq!(user.resume(pending).await.unwrap().text(), "done");
}

#[tokio::test]
async fn the_handler_of_a_shared_server_belongs_to_no_user() {
    let server = TestServer::builder().tool(tool()).start().await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let contexts = Arc::clone(&seen);
    let relay = Relay::builder()
        .server("search", Server::http(server.url()).shared())
        .handler_factory(move |context| {
            let user = context.user.map(str::to_owned);
            contexts.lock().unwrap().push((context.principal.to_string(), user));
            None
        })
        .build()
        .unwrap();
    let tools = relay.for_user("alice", AccessToken::new(ALICE)).tools("search").await.unwrap();
    // The caller of a tool is known nevertheless, for interceptors.
    let alice = relay.for_user("alice", AccessToken::new(ALICE)).principal();
    assert_eq!(tools.get("say").unwrap().principal(), alice);
    relay.tools("search").await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [("anonymous".to_owned(), None)]);
}
