//! The HTTP client: connections, TLS, proxies, and bodies with limits.

mod builder;
mod fetch;
mod http_client;
mod body;
mod response;
mod pool;
mod fair_stream;
mod resolver;
mod tls;

pub use self::{builder::HttpClientBuilder, http_client::HttpClient, resolver::AddressBlocked};

pub(crate) use self::response::Response;
