//! Helpers of all tests: servers, clients, tokens, time, and how to show requests and errors.
//!
//! Helpers of a single folder stand in that folder's `support.rs`.
//!
//! # Servers
//! Use the first one that can do what the test needs.
//!
//! | Server | Use it to |
//! | --- | --- |
//! | `mcp_testkit::TestServer` | test correct behavior, faults and held responses; it checks every request and lists violations. [`start_test_server`] starts one with a tool, [`start_and_connect`] one of a certain protocol version with a client. |
//! | [`ScriptedServer`] | respond with exact statuses, headers and bodies, right or wrong, by method. Build it with [`Script`] and [`ScriptedResponse`]. It shows its requests as text for snapshots. |
//! | [`SseServer`] | speak HTTP+SSE, the transport of 2024-11-05. |
//! | [`MemoryServer`] | write the streams of a session message by message, without HTTP. |
//! | [`UnreachableServer`] | refuse connections. |
//! | [`TcpProxy`] | add TLS to a server, count its connections, or cut them. [`CertificateAuthority`] signs the certificates. |
//!
//! # Clients, handlers and tokens
//! [`stateful_client`], [`client_with_version`] and [`client_for_url`] make clients that know the
//! protocol version, so that no probe is sent. [`PROTOCOL_VERSIONS`] are the two versions to loop
//! over. [`reqwest_http_client`] is an HTTP client as an application provides it.
//!
//! [`RecordingHandler`] responds to server requests. [`ScriptedTokenSource`] returns tokens.
//! [`ALICE`] and [`BOB`] are the tokens of two users: snapshots show them as `[alice]` and `[bob]`,
//! and [`assert_no_secrets`] finds them anywhere else.
//!
//! # Time
//! Tests do not sleep. [`with_timeout`] waits for what has to happen soon, and fails the test
//! otherwise. [`advance_time`] advances the clock at once, and [`advance_until`] advances it in
//! steps until a future completes.
//!
//! # Text for snapshots
//! [`describe_result`] and [`describe_error`] show an error with its causes and a summary, and panic
//! if it contains a secret. [`request_log`] shows requests in one line each, and
//! [`full_request_log`] with headers and bodies. [`TraceCapture`] captures trace events.
//!
//! # Example
//! ```ignore
//! #[tokio::test]
//! async fn call_is_repeated_once_in_a_new_session_after_404() {
//!     let server = Script::new()
//!         .on("tools/call", status(404))
//!         .on("tools/call", result(&json!({ "content": [] })))
//!         .start()
//!         .await;
//!     let called = server.client().call_tool("add", ()).await;
//!     assert_snapshot!(describe_result(called), @"it went well");
//!     assert_eq!(server.requests_of("initialize").await.len(), 2);
//! }
//! ```

mod error_report;
mod handler;
mod memory_server;
mod protocol_versions;
mod request;
mod response;
mod scripted_server;
mod secrets;
mod sse_server;
mod tcp_proxy;
mod test_server;
mod time;
mod token_source;
mod trace_capture;
mod unreachable;

pub(crate) use self::{
    error_report::{ErrorReport, describe_error, describe_result},
    handler::{ALL_CAPABILITIES, HandlerBehavior, RecordingHandler},
    memory_server::{GetStream, MemoryServer},
    protocol_versions::{PROTOCOL_VERSIONS, client_with_version, start_and_connect},
    request::{ReceivedRequest, full_request_log, request_log},
    response::{ScriptedResponse, error, json, result, sse, status},
    scripted_server::{
        PROBE, Script, ScriptedServer, discover_response, initialize_response, reqwest_http_client,
        stateful_client,
    },
    secrets::{ALICE, BOB, assert_no_secrets, redact_tokens},
    sse_server::{SseServer, SseServerConfig},
    tcp_proxy::{CertificateAuthority, TcpProxy},
    test_server::{client_for_url, start_test_server},
    time::{advance_time, advance_until, with_timeout},
    token_source::ScriptedTokenSource,
    trace_capture::TraceCapture,
    unreachable::UnreachableServer,
};
