//! Which server a token goes to. A token never reaches a server that it is not for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{
    StreamExt,
    future::{BoxFuture, join_all, ready},
};
use insta::assert_snapshot;
use mcp_client::SubscriptionFilter;
use mcp_http::{TokenRequest, TokenSource, mcp_client::BoxError};
use mcp_testkit::{Barrier, CallResult, Fault, On, Reply, TestServer, TestTool};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    test_runner::TestRunner,
};
use relay::{AccessToken, Config, Error, Relay, Server, ServerTools, User};
use serde_json::json;

use crate::support::{
    ALICE, BOB, PROTOCOL_VERSIONS, ScriptedServer, describe_result, full_request_log, with_timeout,
};

async fn test_server() -> TestServer {
    let tool = TestTool::new("say", json!({ "type": "object" }), |_| CallResult::text("done"));
    TestServer::builder().tool(tool).start().await.expect("a free port")
}

fn relay_of(servers: &[(&str, &TestServer)]) -> Relay {
    let add = |builder: relay::RelayBuilder, (name, server): &(&str, &TestServer)| {
        builder.server(*name, Server::http(server.url()))
    };
    servers.iter().fold(Relay::builder(), add).build().expect("usable settings")
}

/// The tokens that a server has received. A request without a token counts as "none".
fn received(server: &TestServer) -> BTreeSet<String> {
    let token = |request: &mcp_testkit::RecordedRequest| {
        request.bearer_token().map_or_else(|| "none".to_owned(), str::to_owned)
    };
    server.requests().iter().map(token).collect()
}

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

/// The settings of a server whose header names a variable that is not set.
fn server_with_invalid_settings(url: &str, shared: bool) -> Server {
    let text = format!(
        r#"
        [servers.github]
        url = "{url}"
        headers = {{ "x-key" = "${{MISSING}}" }}
        shared = {shared}
        "#
    );
    let mut config = Config::from_toml(&text, |_| None).expect("only the server has an error");
    config.servers.remove("github").expect("a server with an error")
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

#[tokio::test]
async fn each_server_gets_its_own_token() {
    let servers = join_all((0..3).map(|_| test_server())).await;
    let [a, b, c] = &servers[..] else { unreachable!() };
    let relay = relay_of(&[("a", a), ("b", b)]);
    relay.add_server("c", Server::http(c.url()).api_key("5ecret-key")).unwrap();
    let user = relay.with_tokens([("a", ALICE), ("b", BOB)]);
    let toolset = user.toolset().await.unwrap();
    assert_eq!((toolset.ready.len(), toolset.failed.len()), (3, 0));
    toolset.call("relay__a__say", ()).await.unwrap();
    let expected = [ALICE, BOB, "5ecret-key"].map(|token| BTreeSet::from([token.to_owned()]));
    assert_eq!(servers.iter().map(received).collect::<Vec<_>>(), expected);
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
    assert_eq!(servers.iter().map(TestServer::open_sessions).collect::<Vec<_>>(), [0, 0, 1]);
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

/// The number of names with a server. The next name is never registered.
const SLOTS: usize = 3;
const ENDPOINTS: usize = 3;
const TOKENS: usize = 4;

/// The settings of a registration: the number of its test server, and its kind.
type Registration = (usize, Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Users have their own sessions.
    Own,
    Shared,
    /// The settings are invalid.
    Invalid,
}

/// A handle of a user. Tokens and names of servers are numbered.
#[derive(Debug, Clone)]
enum Handle {
    Token(usize),
    /// A handle with a new token for each of these names.
    Tokens(BTreeSet<usize>),
    /// A handle that an earlier step has created.
    Earlier(usize),
    IdWithToken(usize),
    IdWithSource,
    Anonymous,
}

/// An action of a user. Servers are numbered.
#[derive(Debug, Clone)]
enum Action {
    Call(usize),
    Resources(usize),
    Connect(usize),
    Toolset(Option<Vec<usize>>),
    /// Calls a tool that a user has listed before.
    CallListed(usize),
    Replace(usize, Registration),
    /// Calls a tool while its server rejects the token, and then resumes the call.
    Resume(usize),
    /// Lists resources while the server redirects requests to another test server.
    Redirect(usize, usize),
    Close,
}

/// A token source with another token for each server.
struct SourceByServer;

impl TokenSource for SourceByServer {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(ready(Ok(Some(source_token(request.endpoint.url().as_str()).into()))))
    }
}

fn source_token(url: &str) -> String {
    format!("5ecret-source-{}", url.replace(|c: char| !c.is_ascii_digit(), "-"))
}

fn bare_token(number: usize) -> String {
    format!("5ecret-bare-{number}")
}

fn api_key(endpoint: usize) -> String {
    format!("5ecret-key-{endpoint}")
}

/// A relay whose servers are replaced during operations, and what the application told it.
struct TokenModel {
    servers: Vec<TestServer>,
    relay: Relay,
    state: Mutex<ModelState>,
}

#[derive(Default)]
struct ModelState {
    /// The settings of each registration, by the number in its header `x-registration`.
    registrations: Vec<Registration>,
    /// The registration of each name.
    current: BTreeMap<usize, Registration>,
    /// The test server of each token that `with_tokens` got. `None` if no server had the name.
    named: BTreeMap<String, Option<usize>>,
    users: Vec<User>,
    listed: Vec<ServerTools>,
    resumed: usize,
}

impl TokenModel {
    async fn new(registry: &[Registration]) -> Self {
        let mut servers = Vec::new();
        for number in 0..ENDPOINTS {
            let tool = TestTool::new("say", json!({ "type": "object" }), |_| CallResult::text(""));
            let builder = TestServer::builder().tool(tool);
            let builder = match PROTOCOL_VERSIONS.get(number) {
                Some(revision) => builder.revisions([*revision]),
                None => builder,
            };
            servers.push(builder.start().await.expect("a free port"));
        }
        let relay = Relay::builder().build().expect("usable settings");
        let model = Self { servers, relay, state: Mutex::default() };
        registry.iter().enumerate().for_each(|(name, settings)| model.register(name, *settings));
        model
    }

    fn state(&self) -> MutexGuard<'_, ModelState> {
        self.state.lock().expect("no step panics")
    }

    fn register(&self, name: usize, settings: Registration) {
        let (endpoint, kind) = settings;
        let url = self.servers[endpoint].url();
        let mut state = self.state();
        let valid = Server::http(url)
            .api_key(api_key(endpoint))
            .header("x-registration", state.registrations.len().to_string());
        let server = match kind {
            Kind::Own => valid,
            Kind::Shared => valid.shared(),
            Kind::Invalid => server_with_invalid_settings(url, false),
        };
        state.registrations.push(settings);
        state.current.insert(name, settings);
        self.relay.add_server(name.to_string(), server).expect("usable settings");
    }

    fn user(&self, handle: &Handle) -> User {
        match handle {
            Handle::Token(number) => self.relay.with_token(bare_token(*number)),
            Handle::IdWithToken(number) => {
                self.relay.for_user("alice", AccessToken::new(bare_token(*number)))
            }
            Handle::IdWithSource => self.relay.for_user("alice", SourceByServer),
            Handle::Earlier(number) => {
                let earlier = self.state().users.get(*number).cloned();
                earlier.unwrap_or_else(|| self.relay.without_token())
            }
            Handle::Anonymous => self.relay.without_token(),
            Handle::Tokens(names) => {
                let mut state = self.state();
                let mut tokens = Vec::new();
                for name in names {
                    let token = format!("5ecret-named-{}", state.named.len());
                    let endpoint = state.current.get(name).map(|(endpoint, _)| *endpoint);
                    state.named.insert(token.clone(), endpoint);
                    tokens.push((name.to_string(), token));
                }
                let user = self.relay.with_tokens(tokens);
                state.users.push(user.clone());
                user
            }
        }
    }

    /// Returns how many servers could get a token without the name of its server.
    fn count_candidates(&self, names: Option<&[usize]>) -> usize {
        let current = self.state().current.clone();
        let all: Vec<_> = current.keys().copied().collect();
        let (mut endpoints, mut others) = (BTreeSet::new(), BTreeSet::new());
        for name in names.unwrap_or(&all) {
            match current.get(name) {
                Some((endpoint, Kind::Own)) => drop(endpoints.insert(*endpoint)),
                Some((_, Kind::Shared)) => {}
                Some((_, Kind::Invalid)) | None => drop(others.insert(*name)),
            }
        }
        endpoints.len() + others.len()
    }

    /// Runs an action. It may fail, because some tokens must not be sent.
    async fn run(&self, handle: &Handle, user: &User, action: &Action) {
        match action {
            Action::Call(name) => {
                if let Ok(tools) = user.tools(&name.to_string()).await {
                    drop(tools.call("say", ()).await);
                    self.state().listed.push(tools);
                }
            }
            Action::Resources(name) => drop(user.resources(&name.to_string()).await),
            Action::Connect(name) => {
                if let Ok(connection) = user.connection(&name.to_string()) {
                    drop(connection.connect().await);
                }
            }
            Action::Toolset(names) => {
                let request = user.toolset();
                let request = match names {
                    Some(names) => request.servers(names.iter().map(usize::to_string)),
                    None => request,
                };
                let candidates = self.count_candidates(names.as_deref());
                // The request is checked when it is polled, so no other action comes before.
                let toolset = request.await;
                if matches!(handle, Handle::Token(_) | Handle::IdWithToken(_)) && candidates > 1 {
                    assert!(toolset.is_err(), "{candidates} servers could get the token");
                }
                if let Ok(toolset) = toolset {
                    self.state().listed.extend(toolset.ready);
                }
            }
            Action::CallListed(number) => {
                let tools = self.state().listed.get(*number).cloned();
                if let Some(tools) = tools {
                    drop(tools.call("say", ()).await);
                }
            }
            Action::Replace(name, settings) => self.register(*name, *settings),
            Action::Resume(name) => {
                if let Ok(tools) = user.tools(&name.to_string()).await {
                    let (endpoint, _) = self.state().current[name];
                    let reply = Reply::unauthorized("Bearer");
                    self.servers[endpoint].script(On::method("tools/call"), reply);
                    let error = tools.call("say", ()).await.err();
                    self.servers[endpoint].clear_script();
                    let pending = error.as_ref().and_then(Error::authorization);
                    let pending = pending.and_then(|error| error.pending_call.clone());
                    if let Some(pending) = pending
                        && user.resume(pending).await.is_ok()
                    {
                        self.state().resumed += 1;
                    }
                }
            }
            Action::Redirect(name, to) => {
                let (from, _) = self.state().current[name];
                let reply = Reply::redirect(self.servers[*to].url());
                self.servers[from].script(On::any(), reply);
                drop(user.resources(&name.to_string()).await);
                self.servers[from].clear_script();
            }
            Action::Close => drop(user.close().await),
        }
    }

    /// Asserts that each server has received only its own tokens. Returns how many tokens of users
    /// have been sent, and how many calls have been resumed.
    fn assert_tokens_at_their_servers(&self) -> (usize, usize) {
        let mut sent = BTreeMap::<String, BTreeSet<usize>>::new();
        let state = self.state();
        for (endpoint, server) in self.servers.iter().enumerate() {
            for request in server.requests() {
                let number = request.header("x-registration").expect("each request has one");
                let number: usize = number.parse().expect("a number");
                let token = request.bearer_token().expect("each request has one").to_owned();
                let (expected, kind) = state.registrations[number];
                assert_eq!(endpoint, expected);
                let is_own = token == api_key(endpoint);
                assert!(is_own || kind == Kind::Own, "{token} was sent to a shared server");
                if token.starts_with("5ecret-source") {
                    assert_eq!(token, source_token(server.url()));
                } else if !is_own {
                    sent.entry(token).or_default().insert(endpoint);
                }
            }
        }
        for (token, endpoints) in &sent {
            match state.named.get(token) {
                Some(named) => {
                    let named = named.iter().copied().collect::<BTreeSet<_>>();
                    assert_eq!(*endpoints, named, "{token} was sent to another server");
                }
                None => assert_eq!(endpoints.len(), 1, "{token} was sent to {endpoints:?}"),
            }
        }
        (sent.len(), state.resumed)
    }
}

fn registration() -> impl Strategy<Value = Registration> {
    let kind = prop_oneof![
        5 => Just(Kind::Own),
        2 => Just(Kind::Shared),
        1 => Just(Kind::Invalid),
    ];
    (0..ENDPOINTS, kind)
}

fn handle() -> impl Strategy<Value = Handle> {
    prop_oneof![
        3 => (0..TOKENS).prop_map(Handle::Token),
        2 => btree_set(0..=SLOTS, 1..4).prop_map(Handle::Tokens),
        2 => (0..4_usize).prop_map(Handle::Earlier),
        2 => (0..TOKENS).prop_map(Handle::IdWithToken),
        1 => Just(Handle::IdWithSource),
        1 => Just(Handle::Anonymous),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => (0..SLOTS).prop_map(Action::Call),
        1 => (0..=SLOTS).prop_map(Action::Resources),
        1 => (0..=SLOTS).prop_map(Action::Connect),
        3 => proptest::option::of(vec(0..=SLOTS, 1..3)).prop_map(Action::Toolset),
        3 => (0..8_usize).prop_map(Action::CallListed),
        2 => (0..SLOTS, registration()).prop_map(|(slot, new)| Action::Replace(slot, new)),
        2 => (0..SLOTS).prop_map(Action::Resume),
        1 => (0..SLOTS, 0..ENDPOINTS).prop_map(|(name, to)| Action::Redirect(name, to)),
        1 => Just(Action::Close),
    ]
}

/// The actions of a row run concurrently, each with its own handle.
#[test]
fn each_server_receives_only_its_own_tokens() {
    let rows = vec(vec((handle(), action()), 1..6), 1..8);
    let [sent, resumed] = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let tested = TestRunner::new(property_tests::config_with_cases(64)).run(
        &(vec(registration(), SLOTS), rows),
        |(registry, rows)| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let model = TokenModel::new(&registry).await;
                for row in &rows {
                    let users: Vec<_> = row.iter().map(|(handle, _)| model.user(handle)).collect();
                    let steps = row.iter().zip(&users);
                    let run = steps.map(|((handle, action), user)| model.run(handle, user, action));
                    join_all(run).await;
                }
                let counts = model.assert_tokens_at_their_servers();
                sent.fetch_add(counts.0, Ordering::Relaxed);
                resumed.fetch_add(counts.1, Ordering::Relaxed);
            });
            Ok(())
        },
    );
    tested.unwrap();
    let [sent, resumed] = [sent, resumed].map(AtomicUsize::into_inner);
    assert!(sent > 64 && resumed > 0, "too little for a proof: {sent} tokens, {resumed} resumed");
}
