//! The transports to a server: Streamable HTTP and HTTP+SSE.

mod builder;
mod http;
mod resumption;
mod sse;
mod sender;
mod token_refresh;
mod cookies;

pub use self::{builder::HttpTransportBuilder, http::HttpTransport, sse::SseTransport};
