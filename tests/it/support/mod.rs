//! Scripted servers, and how tests show what was sent and what went wrong.

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
