//! The operations of the client, by name.

use std::{error::Error as StdError, time::Duration};

use futures_util::future::BoxFuture;
use mcp_client::{
    BoxError, Client, Handler, HandlerCapabilities, Limits, Negotiation, ToolResult,
    mcp_types::{
        Revision,
        v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult, Root},
    },
};
use mcp_http::{Endpoint, HttpTransport, SseTransport, TokenRequest, TokenSource};
use mcp_oauth::OAuthClient;
use mcp_stdio::StdioTransport;
use relay::{Relay, Server};
use serde_json::json;

use crate::task::Task;

/// The maximum size of a message.
const MAX_MESSAGE_SIZE: usize = 256 * 1024;

/// The end of an operation.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The kind of the error, or "ok" with the result.
    pub(crate) summary: String,
    /// Everything that failed.
    pub(crate) errors: Vec<Box<dyn StdError + Send + Sync>>,
}

/// Runs the operation of the task.
pub(crate) async fn run(task: &Task) -> Outcome {
    match task.operation.as_str() {
        "call" | "list" | "connect" | "call twice" => {
            run_client(task, Client::builder(http(task)).negotiation(stateful())).await
        }
        "detect" => run_client(task, Client::builder(http(task))).await,
        "stateless call" => {
            let client = Client::builder(http(task)).protocol_version(Revision::V2026_07_28);
            run_client(task, client).await
        }
        "handle" => {
            let client = Client::builder(http(task)).negotiation(stateful()).handler(Accepting);
            run_client(task, client).await
        }
        "stateless handle" => {
            let client = Client::builder(http(task)).protocol_version(Revision::V2026_07_28);
            run_client(task, client.handler(Accepting)).await
        }
        "sse" => {
            let transport = SseTransport::new(http(task));
            run_client(task, Client::builder(transport).negotiation(stateful())).await
        }
        "stdio" => run_client(task, Client::builder(stdio(task)).negotiation(stateful())).await,
        "stateless stdio" => {
            let client = Client::builder(stdio(task)).protocol_version(Revision::V2026_07_28);
            run_client(task, client).await
        }
        "detect stdio" => run_client(task, Client::builder(stdio(task))).await,
        "relay list" | "relay call" => run_relay(task).await,
        "sign in" => run_sign_in(task).await,
        other => panic!("no operation {other:?}"),
    }
}

async fn run_client(task: &Task, builder: mcp_client::ClientBuilder) -> Outcome {
    let client = builder.limits(limits(task)).build();
    let mut outcome = Outcome::default();
    match task.operation.as_str() {
        "list" => outcome.add_client(client.list_tools().await.map(|list| {
            let (tools, invalid) = (list.tools.len(), list.invalid.len());
            format!("{tools} tools, {invalid} invalid")
        })),
        "connect" | "detect" | "detect stdio" => {
            outcome.add_client(client.connect().await.map(|info| info.revision.to_string()));
        }
        "call twice" => {
            for _ in 0..2 {
                outcome.add_client(client.call_tool("add", json!({})).await.map(|it| text(&it)));
            }
        }
        _ => outcome.add_client(client.call_tool("add", json!({})).await.map(|it| text(&it))),
    }
    if let Err(error) = client.close().await {
        outcome.errors.push(error.into());
    }
    outcome
}

async fn run_relay(task: &Task) -> Outcome {
    let server = Server::http(&task.target)
        .header("x-key", &task.header)
        .limits(limits(task))
        .max_message_size(MAX_MESSAGE_SIZE)
        .protocol_version(Revision::V2025_11_25)
        .max_retries(0);
    let relay = Relay::builder().server("main", server).build().expect("usable settings");
    let user = relay.with_token(task.token.as_str());
    let mut outcome = Outcome::default();
    match user.tools("main").await {
        Ok(tools) if task.operation == "relay list" => {
            outcome.add(Ok(format!("{} tools, {} invalid", tools.len(), tools.invalid().len())));
        }
        Ok(tools) => {
            let result = tools.call("add", json!({})).await;
            outcome.add_relay(result.map(|output| output.text()));
        }
        Err(error) => outcome.add_relay(Err(error)),
    }
    if let Err(error) = relay.close().await {
        outcome.errors.push(error.into());
    }
    outcome
}

/// Signs a user in, and then refreshes the token.
async fn run_sign_in(task: &Task) -> Outcome {
    let mut outcome = Outcome::default();
    let endpoint = Endpoint::parse(&task.target).expect("a URL");
    let application = OAuthClient::builder("Tests", "http://127.0.0.1:9/callback").build();
    let application = application.expect("usable settings");
    let user = application.user("ann");
    let sign_in = match user.begin_sign_in(&endpoint, None).await {
        Ok(sign_in) => sign_in,
        Err(error) => {
            outcome.add_oauth("begin", error);
            return outcome;
        }
    };
    let state = sign_in.authorization_url.query_pairs().find(|(name, _)| name == "state");
    let state = state.expect("a state").1.into_owned();
    let mut callback = url::Url::parse("http://127.0.0.1:9/callback").expect("a URL");
    callback.query_pairs_mut().append_pair("code", &task.token).append_pair("state", &state);
    if let Err(error) = application.complete_sign_in(sign_in.pending, callback.as_str()).await {
        outcome.add_oauth("complete", error);
        return outcome;
    }
    match user.token(TokenRequest::new(&endpoint)).await {
        Ok(token) => outcome.add(Ok(format!("{} token", if token.is_some() { "a" } else { "no" }))),
        Err(error) => {
            outcome.summary = "refresh".to_owned();
            outcome.errors.push(error);
        }
    }
    outcome
}

fn http(task: &Task) -> HttpTransport {
    HttpTransport::builder(&task.target)
        .bearer_token(task.token.as_str())
        .header("x-key", &task.header)
        .max_message_size(MAX_MESSAGE_SIZE)
        .build()
        .expect("a usable URL")
}

fn stdio(task: &Task) -> StdioTransport {
    StdioTransport::builder("sh")
        .args(["-c", &task.target])
        .env("TOKEN", &task.token)
        .max_message_size(MAX_MESSAGE_SIZE)
        .shutdown_timeout(Duration::from_millis(200))
        .probe_timeout(Duration::from_millis(500))
        .build()
}

fn stateful() -> Negotiation {
    Negotiation::with_revision(Revision::V2025_11_25)
}

fn limits(task: &Task) -> Limits {
    let mut limits = Limits::default();
    limits.timeout = Duration::from_millis(task.timeout);
    limits.max_total_timeout = 2 * limits.timeout;
    (limits.max_pages, limits.max_items, limits.max_list_bytes) = (20, 500, 1024 * 1024);
    limits
}

/// The beginning of a result.
fn text(result: &ToolResult) -> String {
    let first = serde_json::to_value(result.content.first()).expect("JSON");
    first["text"].as_str().unwrap_or("no text").chars().take(60).collect()
}

impl Outcome {
    fn add(&mut self, result: Result<String, String>) {
        if !self.summary.is_empty() {
            self.summary += "; ";
        }
        self.summary += &match result {
            Ok(text) => format!("ok: {text}"),
            Err(kind) => kind,
        };
    }

    fn add_client(&mut self, result: Result<String, mcp_client::Error>) {
        match result {
            Ok(text) => self.add(Ok(text)),
            Err(error) => {
                let kind = error.transport_kind().map(|kind| format!("{kind:?}"));
                let ran = if error.did_not_run() { ", did not run" } else { "" };
                self.add(Err(kind.unwrap_or_else(|| variant(&error)) + ran));
                self.errors.push(error.into());
            }
        }
    }

    fn add_relay(&mut self, result: Result<String, relay::Error>) {
        match result {
            Ok(text) => self.add(Ok(text.chars().take(60).collect())),
            Err(error) => {
                let ran = if error.did_not_run() { ", did not run" } else { "" };
                self.add(Err(variant(&error) + ran));
                self.errors.push(error.into());
            }
        }
    }

    fn add_oauth(&mut self, step: &str, error: mcp_oauth::Error) {
        self.add(Err(format!("{step}: {}", variant(&error))));
        self.errors.push(error.into());
    }
}

/// The name of the variant of an error.
fn variant(error: &impl StdError) -> String {
    format!("{error:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// A handler that accepts everything.
struct Accepting;

impl Handler for Accepting {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none().form().roots()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        Box::pin(async { Ok(ElicitResult::new(ElicitAction::Accept)) })
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
        Box::pin(async { Ok(vec![Root::new("file:///")]) })
    }
}
