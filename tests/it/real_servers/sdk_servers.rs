//! Servers on the official SDKs, which speak the stateful and the stateless protocol versions.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, future::BoxFuture};
use mcp_client::{
    BoxError, CallOptions, Handler, HandlerCapabilities,
    mcp_types::{
        Revision,
        v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult},
    },
};
use peers::{Program, Server as RealServer};
use relay::{Relay, Server, ToolOutput};
use serde_json::{from_value, json};

use crate::support::PROTOCOL_VERSIONS;

/// The ways to choose the protocol version: by detection, which finds the newest, or by a setting.
const VERSIONS: [Option<Revision>; 3] =
    [None, Some(PROTOCOL_VERSIONS[0]), Some(PROTOCOL_VERSIONS[1])];

/// Calls the tools of a server in both protocol versions.
async fn check(program: Program, env: &[(&str, &str)]) {
    let Some(server) = RealServer::start(program, env) else { return };
    for version in VERSIONS {
        let settings = Server::http(server.url());
        let settings = match version {
            Some(version) => settings.protocol_version(version),
            None => settings,
        };
        check_tools(&Relay::builder().server("sdk", settings).build().unwrap(), version).await;
    }
}

async fn check_tools(relay: &Relay, version: Option<Revision>) {
    let user = relay.without_token();
    let tools = user.tools("sdk").await.unwrap();
    let greeting = tools.call("greet", json!({ "name": "Ada" })).await.unwrap();
    assert_eq!(greeting.text(), "Hello, Ada!");
    let client = user.connection("sdk").unwrap();
    assert_eq!(client.connect().await.unwrap().revision, version.unwrap_or(PROTOCOL_VERSIONS[1]));
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    let options = CallOptions::new().on_progress(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let counted = client.with_options(options).call_tool("count", json!({ "to": 3 })).await;
    assert_eq!(ToolOutput::from(counted.unwrap()).text(), "counted to 3");
    assert!(heard.load(Ordering::Relaxed) <= 3);
    let outcome = client.call_tool("no-such-tool", ()).await;
    assert!(outcome.is_err() || outcome.is_ok_and(|result| result.is_error), "{version:?}");
    relay.close().await.unwrap();
}

#[tokio::test]
async fn python_event_streams_with_sessions() {
    check(Program::PythonSdk2, &[]).await;
}

#[tokio::test]
async fn python_json_with_sessions() {
    check(Program::PythonSdk2, &[("JSON", "1")]).await;
}

#[tokio::test]
async fn python_event_streams_without_sessions() {
    check(Program::PythonSdk2, &[("STATELESS", "1")]).await;
}

#[tokio::test]
async fn python_json_without_sessions() {
    check(Program::PythonSdk2, &[("JSON", "1"), ("STATELESS", "1")]).await;
}

#[tokio::test]
async fn typescript_with_sessions() {
    check(Program::TypeScriptSdk2, &[("SESSIONS", "1"), ("MODE", "sse")]).await;
}

#[tokio::test]
async fn typescript_without_sessions() {
    check(Program::TypeScriptSdk2, &[]).await;
}

#[tokio::test]
async fn typescript_json() {
    check(Program::TypeScriptSdk2, &[("MODE", "json")]).await;
}

#[tokio::test]
async fn rmcp_with_sessions() {
    check(Program::Rmcp, &[]).await;
}

#[tokio::test]
async fn rmcp_json_without_sessions() {
    check(Program::Rmcp, &[("JSON", "1"), ("STATELESS", "1")]).await;
}

#[tokio::test]
async fn fastmcp_as_a_proxy() {
    let Some(upstream) = RealServer::start(Program::PythonSdk2, &[]) else { return };
    check(Program::FastMcpProxy, &[("UPSTREAM", &upstream.url())]).await;
}

/// Answers each form with a name.
struct Ada;

impl Handler for Ada {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none().form()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let content = from_value(json!({ "name": "Ada" })).unwrap();
        async { Ok(ElicitResult::new(ElicitAction::Accept).with_content(content)) }.boxed()
    }
}

/// The documentation advises to set the protocol version for such servers.
#[tokio::test]
async fn elicitation_by_a_server_request_needs_a_stateful_version() {
    let Some(server) = RealServer::start(Program::PythonSdk2, &[]) else { return };
    for (version, works) in [(None, false), (Some(PROTOCOL_VERSIONS[0]), true)] {
        let settings = Server::http(server.url());
        let settings = match version {
            Some(version) => settings.protocol_version(version),
            None => settings,
        };
        let relay = Relay::builder().handler_factory(|_| Some(Arc::new(Ada)));
        let relay = relay.server("sdk", settings).build().unwrap();
        let tools = relay.without_token().tools("sdk").await.unwrap();
        let outcome = tools.call("elicit", json!({})).await;
        let succeeded = outcome.as_ref().is_ok_and(|output| output.text() == "accept: Ada");
        assert_eq!(succeeded, works, "{outcome:?}");
        relay.close().await.unwrap();
    }
}
