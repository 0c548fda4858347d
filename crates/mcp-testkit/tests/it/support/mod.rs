//! Helpers of the tests.
//!
//! - [`StatefulClient`] is a client of the stateful protocol versions (up to 2025-11-25). It sends
//!   `initialize` and keeps the session id. Its requests are valid unless a test changes them.
//! - [`StatelessClient`] is the same for the stateless versions (from 2026-07-28). Each of its
//!   requests carries `_meta` and the headers that repeat parts of the body.
//! - [`EventReader`] reads a `text/event-stream` response event by event.
//! - `servers` starts the servers that several test files need, and sends one request in both eras.
//!
//! A test that needs a server of its own builds it in place. No test sleeps: a
//! [`Barrier`](mcp_testkit::Barrier) holds a response back, and
//! [`TestServer::wait_for_requests`](mcp_testkit::TestServer::wait_for_requests),
//! [`TestServer::wait_for_cancelled`](mcp_testkit::TestServer::wait_for_cancelled) and
//! [`TestServer::wait_for_counts`](mcp_testkit::TestServer::wait_for_counts) wait for what a client does.

mod servers;
mod stateful_client;
mod stateless_client;
mod events;

pub(crate) use self::{
    events::EventReader,
    servers::{
        ANSWER_MODES, BOTH_ERAS, assert_ping_rejected, both_eras, call_in_both_eras, library,
        request_in_both_eras, resource_updated, start_stateful, start_with_get_allowed,
        start_with_mode, stateful_greeter, stateless_greeter, tool,
    },
    stateful_client::{StatefulClient, header, names, read},
    stateless_client::{CAPABILITIES, StatelessClient, VERSION, header_value, headers},
};
