//! Hostile servers: whatever they send, each operation ends in time with the right outcome.
//!
//! No row of these tables may leak a secret of the client, fill its memory, or write long texts to
//! errors and traces. A new row has a name, an operation, the request, the reply and the outcome.

mod heads;
mod bodies;
mod messages;
mod event_streams;
mod statuses;
mod sessions;
mod lists;
mod server_requests;
mod versions;
mod http_sse;
mod stdio;
mod authorization;
mod frame;
