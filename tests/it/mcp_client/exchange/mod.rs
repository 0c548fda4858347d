//! Messages: responses, server requests, notifications, cancellation.

mod batches;
mod cancellation;
mod cancellation_before_send;
mod handler;
mod listener;
mod request_floods;
mod responses;
mod server_messages;
