//! One HTTP request and its response: headers, status, bodies, event streams.

mod request;
mod standard_headers;
mod event_stream;
mod sse_parser;
mod response;
mod status;
mod options;
mod headers;
mod trace;
mod redaction;

pub use self::{headers::Headers, options::HttpOptions};

pub(crate) use self::{
    event_stream::Events,
    headers::default_headers,
    redaction::Secrets,
    request::Request,
    response::Success,
    sse_parser::Kind,
    status::check_status,
    trace::{trace_request, trace_response},
};
