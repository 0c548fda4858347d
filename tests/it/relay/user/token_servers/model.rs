//! A relay whose servers are replaced during operations, and the tokens that each server may get.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use futures_util::future::{BoxFuture, ready};
use mcp_http::{TokenRequest, TokenSource, mcp_client::BoxError};
use mcp_testkit::{CallResult, On, Reply, TestServer, TestTool};
use relay::{AccessToken, Error, Relay, Server, ServerTools, User};
use serde_json::json;

use super::support::server_with_invalid_settings;
use crate::support::PROTOCOL_VERSIONS;

/// The number of names with a server. The next name is never registered.
pub(super) const SLOTS: usize = 3;
pub(super) const ENDPOINTS: usize = 3;
pub(super) const TOKENS: usize = 4;

/// The settings of a registration: the number of its test server, and its kind.
pub(super) type Registration = (usize, Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Users have their own sessions.
    Own,
    Shared,
    /// The settings are invalid.
    Invalid,
}

/// A handle of a user. Tokens and names of servers are numbered.
#[derive(Debug, Clone)]
pub(super) enum Handle {
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
pub(super) enum Action {
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
pub(super) struct TokenModel {
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
    pub(super) async fn new(registry: &[Registration]) -> Self {
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

    pub(super) fn user(&self, handle: &Handle) -> User {
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
    pub(super) async fn run(&self, handle: &Handle, user: &User, action: &Action) {
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
    pub(super) fn assert_tokens_at_their_servers(&self) -> (usize, usize) {
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
