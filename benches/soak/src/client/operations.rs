//! The operations of a user. Each checks that its result belongs to the user and the server.

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, future::join_all};
use relay::{Error, PendingCall, ServerTools, ToolOutput, User, mcp_client::SubscriptionFilter};
use serde_json::{Value, json};
use tokio::time;

use super::{error_kind, findings::chain, world::World};
use crate::{
    options::Injected,
    plan::{self, FAULTY, HTTP_SERVERS, Identity, NAMES, RESOURCE, STDIO},
};

/// The minimum time between two rotations of a token, so that no request outlives two of them.
const ROTATION: Duration = Duration::from_secs(10);
/// The maximum time until a change arrives. The servers send one ten times a second.
const CHANGE: Duration = Duration::from_secs(5);

pub(crate) struct Operations {
    world: Arc<World>,
    user: usize,
    rotated: Mutex<[Option<Instant>; HTTP_SERVERS]>,
}

impl Operations {
    pub(crate) fn new(world: Arc<World>, user: usize) -> Self {
        Self { world, user, rotated: Mutex::default() }
    }

    /// Lists the tools, from the cache if possible, and calls one.
    pub(crate) async fn call(&self, server: usize, tool: &str) {
        if let Some(tools) = self.tools(server).await {
            self.call_of(server, &tools, tool).await;
        }
    }

    pub(crate) async fn calls_at_once(&self, server: usize, count: usize) {
        let Some(tools) = self.tools(server).await else { return };
        let mut calls = Vec::new();
        calls.resize_with(count, || self.call_of(server, &tools, "work"));
        join_all(calls).await;
    }

    /// Calls a tool that may run twice.
    pub(crate) async fn query(&self, server: usize) {
        self.call(server, "query").await;
    }

    /// Lists the tools of all servers at once, and calls a tool by the name for models.
    pub(crate) async fn toolset(&self, server: usize) {
        // A token for one server must not be sent to the others.
        let servers = match World::signs_in(self.user) {
            true => vec![NAMES[server], NAMES[STDIO]],
            false => NAMES.to_vec(),
        };
        let handle = self.handle(server);
        let toolset = match handle.toolset().servers(servers).await {
            Ok(toolset) => toolset,
            Err(error) => return self.error(server, &error),
        };
        for error in &toolset.failed {
            self.error(server, error);
        }
        for error in &toolset.needs_authorization {
            self.error(server, &Error::Authorization(Box::new(error.clone())));
        }
        for tools in &toolset.ready {
            self.check_tools(tools);
        }
        if let Some(tool) = toolset.get(&format!("relay__{}__work", NAMES[server])) {
            let number = self.world.next_number();
            let result = tool.call(json!({ "user": self.user, "number": number })).await;
            self.end_call(server, number, result).await;
        }
    }

    /// Requests the tools from the server, not from the cache.
    pub(crate) async fn list_again(&self, server: usize) {
        let connection = match self.handle(server).connection(NAMES[server]) {
            Ok(connection) => connection,
            Err(error) => return self.error(server, &error),
        };
        match connection.list_tools().await {
            Ok(list) => {
                let own = list.tools.iter().find(|tool| tool.name == "work");
                let text = own.and_then(|tool| tool.description.as_deref());
                self.check_description(server, text.unwrap_or_default());
            }
            Err(error) => self.client_error(server, "tools/list", &error),
        }
    }

    pub(crate) async fn read_resource(&self, server: usize) {
        let number = self.world.next_number();
        let uri = format!("soak://{}/{number}", self.user);
        match self.handle(server).read_resource(NAMES[server], &uri).await {
            Ok(resource) => self.check_text(server, number, &json!(resource.contents)[0]["text"]),
            Err(error) => self.error(server, &error),
        }
    }

    pub(crate) async fn resources(&self, server: usize) {
        match self.handle(server).resources(NAMES[server]).await {
            Ok(resources) => {
                let name = resources.items.first().map(|resource| &*resource.name);
                if name != Some(NAMES[server]) {
                    self.problem(server, &format!("a resource with the name {name:?}"));
                }
            }
            Err(error) => self.error(server, &error),
        }
    }

    pub(crate) async fn prompt(&self, server: usize) {
        let number = self.world.next_number();
        let arguments = json!({ "user": self.user.to_string(), "number": number.to_string() });
        match self.handle(server).prompt(NAMES[server], "own", arguments).await {
            Ok(prompt) => {
                self.check_text(server, number, &json!(prompt.messages)[0]["content"]["text"]);
            }
            Err(error) => self.error(server, &error),
        }
    }

    pub(crate) async fn prompts(&self, server: usize) {
        match self.handle(server).prompts(NAMES[server]).await {
            Ok(prompts) if prompts.items.len() == 1 => {}
            Ok(prompts) => self.problem(server, &format!("{} prompts", prompts.items.len())),
            Err(error) => self.error(server, &error),
        }
    }

    /// Subscribes to changes, waits for one, and unsubscribes.
    pub(crate) async fn subscribe(&self, server: usize) {
        let connection = match self.handle(server).connection(NAMES[server]) {
            Ok(connection) => connection,
            Err(error) => return self.error(server, &error),
        };
        let filter = SubscriptionFilter::new().tools().resource(RESOURCE);
        let mut subscription = match connection.subscribe(filter).await {
            Ok(subscription) => subscription,
            Err(error) => return self.client_error(server, "subscription", &error),
        };
        match time::timeout(CHANGE, subscription.next()).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => self.client_error(server, "subscription", &error),
            Ok(None) => self.other_error(server, "subscription ended"),
            Err(_) if server == FAULTY => {}
            Err(_) => self.other_error(server, "subscription without a change"),
        }
    }

    /// Drops a slow call.
    pub(crate) async fn cancel(&self, server: usize, after: Duration) {
        let Some(tools) = self.tools(server).await else { return };
        if time::timeout(after, self.call_of(server, &tools, "slow")).await.is_err() {
            self.world.findings.dropped_call();
        }
    }

    /// Calls a tool that sends a form to the user.
    pub(crate) async fn ask(&self, server: usize) {
        if !World::signs_in(self.user) {
            self.call(server, "ask").await;
        }
    }

    /// Closes the sessions of the user.
    pub(crate) async fn close(&self, server: usize) {
        if let Err(error) = self.handle(server).close().await {
            self.error(server, &error);
        }
    }

    /// Closes the sessions of the user, while calls are in progress.
    pub(crate) async fn close_during_calls(&self, server: usize) {
        tokio::join!(self.calls_at_once(server, 4), self.close(server));
    }

    /// Rotates the user's token on a server. The client learns it only after `delay`.
    pub(crate) async fn rotate(&self, server: usize, delay: Duration) {
        {
            let mut rotated = self.rotated.lock().unwrap_or_else(PoisonError::into_inner);
            if rotated[server].is_some_and(|last| last.elapsed() < ROTATION) {
                return;
            }
            rotated[server] = Some(Instant::now());
        }
        let old = self.handle(server);
        let learn = async {
            match self.world.control.rotate(server, self.user).await {
                Ok(generation) => {
                    time::sleep(delay).await;
                    self.world.tokens.set(server, self.user, generation);
                    if World::signs_in(self.user) {
                        self.world.remember();
                    }
                }
                Err(error) => self.problem(server, &error.to_string()),
            }
        };
        tokio::join!(learn, self.calls_at_once(server, 2));
        // The sessions of an old token are closed by half of the users, and expire otherwise.
        if World::signs_in(self.user)
            && fastrand::bool()
            && let Err(error) = old.close().await
        {
            self.error(server, &error);
        }
    }

    async fn tools(&self, server: usize) -> Option<ServerTools> {
        match self.handle(server).tools(NAMES[server]).await {
            Ok(tools) => {
                self.check_tools(&tools);
                Some(tools)
            }
            Err(error) => {
                self.error(server, &error);
                None
            }
        }
    }

    async fn call_of(&self, server: usize, tools: &ServerTools, tool: &str) {
        let number = self.world.next_number();
        let result = tools.call(tool, json!({ "user": self.user, "number": number })).await;
        self.inject(server, tools, number).await;
        self.end_call(server, number, result).await;
    }

    /// Checks the result of a call. If the user must sign in, resumes the call after that.
    async fn end_call(&self, server: usize, number: u64, result: Result<ToolOutput, Error>) {
        let error = match result {
            Ok(output) => return self.check_output(server, number, &output),
            Err(error) => error,
        };
        self.error(server, &error);
        if error.did_not_run() {
            match error.authorization().and_then(|error| error.pending_call.clone()) {
                Some(pending) => self.resume(server, number, pending).await,
                None => self.world.findings.did_not_run(number),
            }
        }
    }

    async fn resume(&self, server: usize, number: u64, pending: PendingCall) {
        let (tokens, rejected) = (&self.world.tokens, self.world.tokens.current(server, self.user));
        // The token may be the new one already.
        drop(
            time::timeout(
                Duration::from_millis(400),
                tokens.other_than(server, self.user, &rejected),
            )
            .await,
        );
        self.world.remember();
        match self.handle(server).resume(pending).await {
            Ok(output) => self.check_output(server, number, &output),
            Err(error) => self.error(server, &error),
        }
    }

    fn handle(&self, server: usize) -> User {
        self.world.handle(server, self.user)
    }

    fn check_tools(&self, tools: &ServerTools) {
        let server = NAMES.iter().position(|name| tools.server() == *name).unwrap_or_default();
        let tool = tools.get("work");
        self.check_description(server, tool.as_ref().map_or("", |tool| tool.description()));
    }

    fn check_description(&self, server: usize, found: &str) {
        let expected = match server {
            STDIO => NAMES[STDIO].to_owned(),
            _ => plan::description(server, self.user),
        };
        if found != expected {
            self.problem(server, &format!("a list with {found:?}"));
        }
    }

    fn check_text(&self, server: usize, number: u64, found: &Value) {
        let expected = format!("{} {} {number}", NAMES[server], self.user);
        if found.as_str() != Some(&*expected) {
            self.problem(server, &format!("{found}, expected {expected:?}"));
        }
    }

    fn check_output(&self, server: usize, number: u64, output: &ToolOutput) {
        self.world.findings.call();
        let content = output.structured_content.clone().unwrap_or_default();
        let Ok(found) = serde_json::from_value::<Identity>(content) else {
            return self.problem(server, &format!("call {number} returned {}", output.text()));
        };
        let own = found.server == NAMES[server] && found.user == self.user;
        if !own || found.number != number {
            self.problem(server, &format!("call {number} returned {found:?}"));
        } else if found.runs != 1 {
            self.problem(server, &format!("call {number} ran {} times", found.runs));
        }
    }

    async fn inject(&self, server: usize, tools: &ServerTools, number: u64) {
        match self.world.injected {
            // Without the black box, the compiler removes the allocation.
            Injected::Leak => std::mem::forget(black_box(Box::new([0_u64; 4]))),
            Injected::Tasks if number.is_multiple_of(100) => {
                tokio::spawn(std::future::pending::<()>());
            }
            Injected::Files if number.is_multiple_of(100) => {
                std::mem::forget(std::fs::File::open("/dev/null"));
            }
            Injected::Double if number % 10_000 < 4 && server != STDIO => {
                drop(tools.call("work", json!({ "user": self.user, "number": number })).await);
            }
            _ => {}
        }
    }

    fn error(&self, server: usize, error: &Error) {
        // An operation on all servers returns the errors of others too.
        let named = NAMES.iter().position(|name| error.server() == Some(*name));
        let server = named.unwrap_or(server);
        self.world.findings.error(server, error, World::signs_in(self.user));
    }

    fn client_error(&self, server: usize, method: &str, error: &relay::mcp_client::Error) {
        let kind = format!("{method}: {}", error_kind::client_kind(error));
        let signs_in = World::signs_in(self.user);
        self.world.findings.error_of_kind(server, &kind, signs_in, &chain(error));
    }

    fn other_error(&self, server: usize, kind: &str) {
        self.world.findings.error_of_kind(server, kind, false, "");
    }

    fn problem(&self, server: usize, what: &str) {
        let (name, user) = (NAMES[server], self.user);
        self.world.findings.problem(format!("{name}: user {user}: {what}"));
    }
}
