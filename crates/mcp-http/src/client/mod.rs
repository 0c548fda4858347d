//! The HTTP client: connections, TLS, proxies, and reading bodies within limits.

pub(crate) mod builder;
pub(crate) mod fetch;
pub(crate) mod http_client;
pub(crate) mod body;
pub(crate) mod pool;
pub(crate) mod resolver;
pub(crate) mod tls;
