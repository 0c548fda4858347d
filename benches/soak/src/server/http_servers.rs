//! The four HTTP servers, which share the table of tokens and the counts of calls.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use mcp_testkit::{Bearer, ResponseMode, ServerNotification, TestServer};
use relay::{Revision, mcp_client::mcp_types::v2026_07_28::CacheScope};

use super::{catalog, sessions::Sessions, state::State};
use crate::{
    options::Injected,
    plan::{self, FAULTY, HTTP_SERVERS, NAMES, RESOURCE, SSE, STATELESS, ServerReport, USERS},
};

/// All hundredth ticks, the tool lists change.
const TICKS_OF_A_LIST: u64 = 100;

pub(crate) struct HttpServers {
    servers: Vec<TestServer>,
    state: Arc<State>,
    /// The generation of the tokens, by server and user.
    generations: Vec<Vec<u64>>,
    /// The sessions that clients know and end, by server.
    sessions: [Sessions; HTTP_SERVERS],
    /// The number of violations that were reported, by server.
    reported: [usize; HTTP_SERVERS],
    ticks: u64,
}

impl HttpServers {
    pub(crate) async fn start(injected: Injected) -> Result<Self> {
        let state = Arc::new(State::new(injected));
        let generations = vec![vec![0; USERS]; HTTP_SERVERS];
        let mut servers = Vec::new();
        for (server, generations) in generations.iter().enumerate() {
            servers.push(start(server, generations, 0, server == SSE, &state).await?);
        }
        let (sessions, reported) = (Default::default(), [0; HTTP_SERVERS]);
        Ok(Self { servers, state, generations, sessions, reported, ticks: 0 })
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.url().to_owned()).collect()
    }

    pub(crate) fn get(&self, server: usize) -> &TestServer {
        &self.servers[server]
    }

    pub(crate) fn rotate(&mut self, server: usize, user: usize) -> u64 {
        let generation = &mut self.generations[server][user];
        let old = plan::token(server, user, *generation);
        *generation += 1;
        self.servers[server].renew_token(&old, &plan::token(server, user, *generation));
        *generation
    }

    /// Restarts a server at its address. It forgets its sessions.
    pub(crate) async fn restart(&mut self, server: usize, events: bool) -> Result<()> {
        self.check_requests();
        let port = self.servers[server].url().split([':', '/']).nth(4);
        let port = port.and_then(|port| port.parse().ok()).context("the URL has no port")?;
        // A server without an address takes its place, until the old one has freed the port.
        let placeholder = TestServer::builder().start().await?;
        std::mem::replace(&mut self.servers[server], placeholder).stop().await;
        let new = start(server, &self.generations[server], port, events, &self.state).await?;
        self.servers[server] = new;
        self.reported[server] = 0;
        self.sessions[server] = Sessions::default();
        Ok(())
    }

    /// Checks the tokens of the received requests, and forgets the requests. Sends notifications.
    pub(crate) fn check_requests(&mut self) {
        for (number, server) in self.servers.iter().enumerate() {
            for request in server.take_requests() {
                self.sessions[number].record(&request, number == FAULTY);
                let token = request.bearer_token();
                if token.and_then(plan::server_of) != Some(number) {
                    let method = request.method();
                    let what = format!("{}: {method} with token {token:?}", NAMES[number]);
                    self.state.problem(what);
                }
            }
            let violations = server.violations();
            for violation in &violations[self.reported[number]..] {
                if !is_expected(number, violation) {
                    self.state.problem(format!("{}: violation: {violation}", NAMES[number]));
                }
            }
            self.reported[number] = violations.len();
            server.push(&ServerNotification::ResourceUpdated(RESOURCE.to_owned()));
            if self.ticks % TICKS_OF_A_LIST == number as u64 {
                server.push(&ServerNotification::ToolsChanged);
            }
        }
        self.ticks += 1;
    }

    pub(crate) fn which_ran(&self, mut numbers: Vec<u64>) -> Vec<u64> {
        numbers.retain(|number| self.state.runs_of(*number) > 0);
        numbers
    }

    pub(crate) fn report(&mut self) -> ServerReport {
        self.check_requests();
        let (ran, problems) = self.state.take();
        let mut report = ServerReport { ran, problems, ..ServerReport::default() };
        for (server, sessions) in self.servers.iter().zip(&mut self.sessions) {
            let counts = server.counts();
            report.connections += counts.open_connections;
            report.streams += counts.open_streams;
            let open = sessions.count_open(&server.open_session_ids());
            report.sessions.open += open.open;
            report.sessions.end_failed += open.end_failed;
            report.sessions.unknown += open.unknown;
        }
        report
    }
}

/// Returns whether a violation follows from what users and faults do.
fn is_expected(server: usize, violation: &str) -> bool {
    // Users close their sessions while requests are on their way.
    let closed = violation.ends_with("session already ended by the client");
    // A restarted server does not know the sessions before.
    let restarted = server == FAULTY && violation.ends_with("unknown session id");
    closed || restarted
}

async fn start(
    server: usize,
    generations: &[u64],
    port: u16,
    events: bool,
    state: &Arc<State>,
) -> Result<TestServer> {
    let tokens = |user: usize| plan::token(server, user, generations[user]);
    let mut builder = TestServer::builder()
        .name(NAMES[server])
        .port(port)
        .bearer(Bearer::tokens((0..USERS).map(tokens)))
        .page_size(20)
        .allow_get(true);
    if events {
        builder = builder.response_mode(ResponseMode::Sse);
    }
    if server == STATELESS {
        let minute = std::time::Duration::from_secs(60);
        builder = builder
            .revisions([Revision::V2026_07_28])
            .caching(minute, CacheScope::Private)
            .allow_get(false);
    }
    builder = catalog::add_shared(builder, server);
    for user in 0..USERS {
        builder = builder.tools_for(&tokens(user), catalog::tools_of(server, user, state));
    }
    Ok(builder.start().await?)
}
