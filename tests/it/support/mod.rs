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
    error_report::{Failure, failure, outcome},
    handler::{ALL, Desk, Mood},
    memory_server::{Ears, Line},
    protocol_versions::{ERAS, client_at, serve},
    request::{Sent, exact, outline},
    response::{Answer, error, json, result, sse, status},
    scripted_server::{PROBE, Peer, Script, client, discovered, given, initialized},
    secrets::{ALICE, BOB, assert_free_of_secrets, masked},
    sse_server::{Legacy, LegacyServer},
    tcp_proxy::{Authority, Front},
    test_server::{client_of, strict},
    time::{pass, passing, soon},
    token_source::Source,
    trace_capture::Traced,
    unreachable::Absent,
};
