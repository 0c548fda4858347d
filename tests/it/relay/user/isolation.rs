//! Isolation of users from each other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::future::{BoxFuture, join_all, ready};
use insta::assert_snapshot;
use mcp_http::{TokenRequest, TokenSource, mcp_client::BoxError};
use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use proptest::{collection::vec, prelude::*};
use relay::{AccessToken, Relay, Server, ServerTools, User};
use serde_json::json;

use crate::relay::support::relay_with;
use crate::support::{
    ALICE, BOB, ScriptedServer, ScriptedTokenSource, assert_no_secrets, describe_error,
};

#[tokio::test]
async fn session_and_lists_of_a_user_survive_a_token_refresh() {
    let server = TestServer::builder().bearer(Bearer::tokens([ALICE])).start().await.unwrap();
    server.add_tool(TestTool::new("add", json!({ "type": "object" }), |_| CallResult::text("3")));
    let relay = relay_with(Server::http(server.url()));
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    let user = relay.for_user("alice", source.clone());
    let tools = user.tools("main").await.unwrap();
    server.renew_token(ALICE, BOB);
    tools.call("add", json!({})).await.unwrap();
    // A returning user has a new token source, and finds the old session and lists.
    let again = relay.for_user("alice", AccessToken::new(BOB));
    assert_eq!(again.principal(), user.principal());
    again.tools("main").await.unwrap().call("add", json!({})).await.unwrap();
    assert_eq!((server.count("initialize"), server.count("tools/list")), (1, 1));
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_snapshot!(source.requests(), @"
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    another than [alice]: Rejected, scope None for /mcp
    ");
}

#[tokio::test]
async fn newest_token_source_of_a_user_is_used() {
    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()));
    let first = relay.for_user("alice", AccessToken::new(ALICE));
    let tools = first.tools("main").await.unwrap();
    // The application names the server with the new handle, so the new token is for this server.
    relay.for_user("alice", AccessToken::new(BOB)).tools("main").await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    assert_eq!(
        server.requests_of("tools/list").await[0].header("authorization").unwrap(),
        "Bearer [alice]"
    );
    assert_eq!(
        server.requests_of("tools/call").await[0].header("authorization").unwrap(),
        "Bearer [bob]"
    );
}

#[tokio::test]
async fn user_without_a_token_does_not_get_the_api_key() {
    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()).api_key(BOB));
    let user = relay.for_user("alice", ScriptedTokenSource::new(|_, _| Ok(None)));
    user.tools("main").await.unwrap();
    assert!(server.all_requests().await.iter().all(|sent| sent.header("authorization").is_none()));
    // A token is not a user id, even if it is the same text.
    assert_ne!(
        relay.for_user(ALICE, AccessToken::new(ALICE)).principal(),
        relay.with_token(ALICE).principal()
    );
}

const USERS: usize = 5;
const SERVERS: usize = 2;

/// An action of a user. Users and servers are numbered.
#[derive(Debug, Clone)]
enum Step {
    List(usize, usize),
    Call(usize, usize),
    /// Tries to call the tool of another user.
    CallOthers(usize, usize, usize),
    RotateToken(usize),
}

/// Users with changing tokens, and servers with one tool per user.
struct IsolationModel {
    servers: Vec<TestServer>,
    tokens: Vec<RotatingToken>,
    users: Vec<User>,
    relay: Relay,
}

/// The token of one user: the number of the user, and how often the token was changed.
#[derive(Clone)]
struct RotatingToken(usize, Arc<Mutex<usize>>);

impl RotatingToken {
    fn token(&self) -> String {
        format!("5ecret-{}-{}", self.0, self.1.lock().expect("no step panics"))
    }
}

impl TokenSource for RotatingToken {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(ready(Ok(Some(Self::token(self).into()))))
    }
}

impl IsolationModel {
    async fn new() -> Self {
        let tokens: Vec<_> = (0..USERS).map(|user| RotatingToken(user, Arc::default())).collect();
        let mut servers = Vec::new();
        // Fewer sessions and lists than users, so that some are always evicted.
        let mut relay = Relay::builder().max_sessions(3).max_cached_lists(3);
        for number in 0..SERVERS {
            let mut server = TestServer::builder()
                .bearer(Bearer::tokens(tokens.iter().map(RotatingToken::token)));
            for token in &tokens {
                let says = format!("of {} at {number}", token.0);
                let name = format!("of-{}", token.0);
                let tool = TestTool::new(name, json!({ "type": "object" }), move |_| {
                    CallResult::text(&*says)
                });
                server = server.tools_for(&token.token(), [tool]);
            }
            let server = server.start().await.expect("a free port");
            relay = relay.server(number.to_string(), Server::http(server.url()));
            servers.push(server);
        }
        let relay = relay.build().expect("usable settings");
        let user = |token: &RotatingToken| relay.for_user(token.0.to_string(), token.clone());
        let users = tokens.iter().map(user).collect();
        Self { servers, tokens, users, relay }
    }

    async fn tools(&self, user: usize, server: usize) -> ServerTools {
        self.users[user].tools(&server.to_string()).await.expect("a list")
    }

    async fn run(&self, step: &Step) {
        match *step {
            Step::List(user, server) => {
                let tools = self.tools(user, server).await;
                let names: Vec<_> =
                    tools.iter().map(|tool| tool.definition().name.clone()).collect();
                assert_eq!(names, [format!("of-{user}")]);
            }
            Step::Call(user, server) => {
                let tools = self.tools(user, server).await;
                let output = tools.call(&format!("of-{user}"), json!({})).await.expect("a result");
                assert_eq!(output.text(), format!("of {user} at {server}"));
            }
            Step::CallOthers(user, other, server) => {
                let connection =
                    self.users[user].connection(&server.to_string()).expect("it is registered");
                let called = connection.call_tool(&format!("of-{other}"), json!({})).await;
                assert_eq!(called.is_ok(), user == other);
                let tools = self.tools(user, server).await;
                if let Err(error) = tools.call(&format!("of-{other}"), json!({})).await {
                    assert!(
                        !describe_error(&error).contains(&format!("did you mean \"of-{other}\""))
                    );
                }
            }
            Step::RotateToken(user) => {
                let old = self.tokens[user].token();
                *self.tokens[user].1.lock().expect("no step panics") += 1;
                let new = self.tokens[user].token();
                self.servers.iter().for_each(|server| server.renew_token(&old, &new));
            }
        }
    }

    /// Asserts that no token and no session was used by two users.
    fn assert_apart(&self) {
        for server in &self.servers {
            let mut sessions = HashMap::new();
            for request in server.requests() {
                let token = request.bearer_token().expect("each request has one");
                let user = token.split('-').nth(1).expect("a token of these tests").to_owned();
                if let Some(session) = request.header("mcp-session-id") {
                    let owner = sessions.entry(session.to_owned()).or_insert(user.clone());
                    assert_eq!(*owner, user, "a session has changed hands");
                }
            }
            assert_eq!(server.violations(), Vec::<String>::new());
        }
        assert_no_secrets(&format!("{:?} {:?}", self.relay, self.users));
    }
}

fn step() -> impl Strategy<Value = Step> {
    let (user, server) = (0..USERS, 0..SERVERS);
    prop_oneof![
        2 => (user.clone(), server.clone()).prop_map(|(user, server)| Step::List(user, server)),
        3 => (user.clone(), server.clone()).prop_map(|(user, server)| Step::Call(user, server)),
        2 => (user.clone(), user.clone(), server)
            .prop_map(|(user, other, server)| Step::CallOthers(user, other, server)),
        1 => user.prop_map(Step::RotateToken),
    ]
}

proptest! {
    #![proptest_config(property_tests::config_with_cases(24))]

    /// The steps of a row run concurrently. Between two rows, some users close.
    #[test]
    fn users_never_share_tokens_sessions_or_tools(rows in vec((vec(step(), 1..12), 0..2 * USERS), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let model = IsolationModel::new().await;
            for (row, leaver) in &rows {
                join_all(row.iter().map(|step| model.run(step))).await;
                if let Some(user) = model.users.get(*leaver) {
                    user.close().await.unwrap();
                }
            }
            model.assert_apart();
        });
    }
}
