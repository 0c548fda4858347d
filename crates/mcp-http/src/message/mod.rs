//! HTTP requests and responses: headers, status, bodies and event streams.

mod request;
mod standard_headers;
mod event_stream;
mod sse_parser;
mod response;
mod status;
mod options;
mod trace;
mod redaction;
mod headers;

pub use self::{headers::Headers, options::HttpCallOptions, status::retry_after};

pub(crate) use self::{
    event_stream::EventStream,
    headers::default_headers,
    redaction::{ConfiguredSecrets, RecentSecrets, RequestSecrets},
    request::Request,
    response::AcceptedResponse,
    sse_parser::{Event, EventType},
    status::check_status,
    trace::{trace_request, trace_response},
};
