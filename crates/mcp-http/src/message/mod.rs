//! One HTTP request and its response: headers, status, bodies, event streams.

pub(crate) mod request;
pub(crate) mod standard_headers;
pub(crate) mod event_stream;
pub(crate) mod sse_parser;
pub(crate) mod response;
pub(crate) mod status;
pub(crate) mod options;
pub(crate) mod headers;
pub(crate) mod trace;
pub(crate) mod redaction;
