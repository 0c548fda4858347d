//! A scripted Model Context Protocol server for tests and demonstrations.
//!
//! [`TestServer`] is a Streamable HTTP server on the loopback interface, inside the test process.
//! It supports stateful protocol versions (up to 2025-11-25), stateless ones (from 2026-07-28) or
//! both. See [`TestServerBuilder::revisions`]. It checks requests strictly and records protocol
//! violations. A test can script [`Fault`]s, such as an error or a lost connection.
//!
//! # Stateful protocol versions
//!
//! Protocol versions up to 2025-11-25 are the default. The client sends `initialize` first:
//!
//! ```
//! use mcp_testkit::{CallResult, Fault, On, Reply, TestServer, TestTool};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
//! let server = TestServer::builder()
//!     .name("weather")
//!     .tool(TestTool::new("forecast", schema, |_| CallResult::text("sunny")))
//!     .start()
//!     .await?;
//! server.script(On::method("tools/list").nth(1), Reply::status(503));
//! server.script(On::method("tools/call"), Fault::WrongId);
//!
//! // The application under test uses `server.url()`. This request stands for it.
//! let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
//!     "protocolVersion":"2025-11-25","capabilities":{},
//!     "clientInfo":{"name":"example","version":"1.0"}}}"#;
//! # let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
//! let response = client
//!     .post(server.url())
//!     .header("content-type", "application/json")
//!     .header("accept", "application/json, text/event-stream")
//!     .body(initialize)
//!     .send()
//!     .await?;
//! assert!(response.headers().contains_key("mcp-session-id"));
//!
//! assert_eq!(server.count("initialize"), 1);
//! assert_eq!(server.violations(), Vec::<String>::new());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Stateless protocol versions
//!
//! From 2026-07-28, each request contains the protocol version and the client's capabilities:
//!
//! ```
//! use mcp_testkit::{CallResult, TestServer, TestTool};
//! use mcp_types::Revision;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = json!({ "type": "object" });
//! let server = TestServer::builder()
//!     .revisions([Revision::V2026_07_28])
//!     .tool(TestTool::new("forecast", schema, |_| CallResult::text("sunny")))
//!     .start()
//!     .await?;
//!
//! // This request stands for an application that omits a header.
//! let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{
//!     "name":"forecast","_meta":{
//!         "io.modelcontextprotocol/protocolVersion":"2026-07-28",
//!         "io.modelcontextprotocol/clientCapabilities":{}}}}"#;
//! # let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
//! let response = client
//!     .post(server.url())
//!     .header("content-type", "application/json")
//!     .header("accept", "application/json, text/event-stream")
//!     .header("mcp-protocol-version", "2026-07-28")
//!     .header("mcp-method", "tools/call")
//!     .body(call)
//!     .send()
//!     .await?;
//! assert_eq!(response.status(), 400);
//! assert_eq!(server.violations(), [r#"tools/call: header "mcp-name" missing or duplicate"#]);
//! # Ok(())
//! # }
//! ```
//!
//! # A test of an application
//!
//! This test checks that the application cancels a call when its user cancels it, and closes the
//! connection. It runs with a stateful and with a stateless protocol version.
//!
//! ```
//! use mcp_testkit::{CallResult, Fault, Barrier, On, TestServer, TestTool};
//! use mcp_types::Revision;
//! use serde_json::json;
//!
//! # async fn call_until(url: &str, end: impl Future) -> Result<(), Box<dyn std::error::Error>> {
//! #     let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
//! #     let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
//! #         "io.modelcontextprotocol/clientCapabilities":{}}"#;
//! #     let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
//! #         "protocolVersion":"2025-11-25","capabilities":{},
//! #         "clientInfo":{"name":"example","version":"1.0"}}}"#;
//! #     let post = |body: String| client.post(url).body(body)
//! #         .header("content-type", "application/json")
//! #         .header("accept", "application/json, text/event-stream");
//! #     let opened = post(initialize.to_owned()).send().await?;
//! #     let call = format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call",
//! #         "params":{{"name":"slow","_meta":{meta}}}}}"#);
//! #     let Some(session) = opened.headers().get("mcp-session-id") else {
//! #         let call = post(call).header("mcp-protocol-version", "2026-07-28");
//! #         let call = call.header("mcp-method", "tools/call").header("mcp-name", "slow");
//! #         tokio::select! { _ = call.send() => panic!("a response"), _ = end => {} }
//! #         return Ok(());
//! #     };
//! #     let with_session = |body: &str| post(body.to_owned())
//! #         .header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
//! #     with_session(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).send().await?;
//! #     let call = with_session(&call).send();
//! #     tokio::select! { _ = call => panic!("a response"), _ = end => {} }
//! #     with_session(r#"{"jsonrpc":"2.0","method":"notifications/cancelled",
//! #         "params":{"requestId":2}}"#).send().await?;
//! #     Ok(())
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
//!     let schema = json!({ "type": "object" });
//!     let server = TestServer::builder()
//!         .revisions([revision])
//!         .tool(TestTool::new("slow", schema, |_| CallResult::text("late")))
//!         .start()
//!         .await?;
//!     // The barrier is never opened, so the server never sends the response.
//!     let barrier = Barrier::new();
//!     server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
//!
//!     // The application under test. Its user cancels when the response is ready.
//!     call_until(server.url(), barrier.wait_for_arrivals(1)).await?;
//!
//!     server.wait_for_cancelled(1).await;
//!     assert_eq!(server.cancelled_requests()[0].method(), "tools/call");
//!     assert_eq!(server.count("tools/call"), 1, "it was not sent twice");
//!     server.wait_for_counts(|counts| counts.open_connections == 0).await;
//!     assert_eq!(server.violations(), Vec::<String>::new());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # More features
//!
//! | to test | use |
//! | --- | --- |
//! | requests or progress from a tool, a [`TestPrompt`] or a [`TestResource`] | [`TestTool::with_steps`] |
//! | notifications to listening clients | [`TestServer::push`] |
//! | requests to a listening client | [`TestServer::send_request`] |
//! | a stream that breaks and is resumed | [`TestServerBuilder::resumable`] with [`Fault::CutStream`] or [`Step::disconnect`] |
//! | bearer tokens | [`Bearer`] |
//! | tools of a single user | [`TestServerBuilder::tools_for`] |
//! | OAuth: issued, refreshed, expired and revoked tokens | [`AuthorizationServer`] with [`Bearer::issued_by`] |
//! | a changed, late or lost response | [`Fault`] |
//! | a response that replaces the handling of a request | [`Reply`] |
//! | a connection that is reset before a request | [`TestServer::reset_next_connections`] |
//! | received and cancelled requests | [`TestServer::requests`], [`TestServer::cancelled_requests`] |
//! | open connections, streams and requests | [`TestServer::counts`] |
//!
//! Tests need no sleep. A [`Barrier`] holds responses until the test opens it. The methods
//! [`TestServer::wait_for_requests`], [`TestServer::wait_for_cancelled`] and [`TestServer::wait_for_counts`] wait for clients.

mod server;
mod protocol;
mod state;
mod auth;
mod http;
mod catalog;
mod base;

pub use crate::{
    auth::{
        AuthorizationServer, AuthorizationServerBuilder, Bearer, Decision, DeviceGrant,
        KnownClient, MetadataLocation, OAuthEndpoint, ResourceParameter, Rotation,
    },
    base::{Barrier, Counts, Error, RecordedRequest},
    catalog::{
        CallResult, ServerRequest, Step, StepContext, TestPrompt, TestResource,
        TestResourceTemplate, TestTool,
    },
    http::Reply,
    server::{TestServer, TestServerBuilder},
    state::{Fault, On, ProbeResponse, Responder, ResponseMode, ServerNotification},
};
