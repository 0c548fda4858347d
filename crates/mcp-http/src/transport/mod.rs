//! The transports to a server: Streamable HTTP and HTTP+SSE.

pub(crate) mod http;
pub(crate) mod sse;
pub(crate) mod resumption;
