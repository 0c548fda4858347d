//! Messages: responses, server requests, notifications, cancellation.

mod batches;
mod cancellation;
mod cancellation_before_send;
mod deviations;
mod handler;
mod handler_lifetime;
mod listener;
mod request_floods;
mod request_limits;
mod responses;
mod server_messages;
