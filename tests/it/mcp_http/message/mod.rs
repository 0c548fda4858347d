//! HTTP requests and responses: headers, statuses, bodies, event streams, redaction.

mod bodies;
mod echoed_secrets;
mod event_streams;
mod incomplete_bodies;
mod informational_responses;
mod redaction;
mod redirects;
mod requests;
mod standard_headers;
mod statuses;
