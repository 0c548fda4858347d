//! The HTTP client: connections, proxies, TLS.

mod connections;
mod fetch;
mod proxies;
mod reqwest_client;
mod tls;
mod user_agent;
