//! The transport of a server, from which each user gets a client.

use std::{sync::Arc, time::Duration};

use mcp_client::{Client, ClientBuilder};
use mcp_http::{Endpoint, Error, HttpClient, HttpTransport, SseTransport, TokenSource};
use mcp_stdio::StdioTransport;

use crate::settings::{Server, TransportConfig};

/// The transport of a server. Each user has a separate HTTP transport. All callers share the process
/// of a stdio server.
#[derive(Debug)]
pub(crate) enum ServerTransport {
    Http(HttpTransport),
    /// The HTTP transport that the HTTP+SSE transport uses.
    Sse(HttpTransport),
    Stdio(StdioTransport),
}

impl ServerTransport {
    /// Creates the transport for the settings of a server. An idle process is stopped after `idle`.
    pub(crate) fn new(server: &Server, client: &HttpClient, idle: Duration) -> Result<Self, Error> {
        if server.fault.is_some() {
            // The server is never used, so any transport does, and its settings are not checked.
            return Ok(Self::Stdio(StdioTransport::builder("").build()));
        }
        Ok(match &server.transport {
            TransportConfig::Http { url } => Self::Http(http(server, url, client)?),
            TransportConfig::Sse { url } => Self::Sse(http(server, url, client)?),
            TransportConfig::Stdio(command) => {
                Self::Stdio(command.transport(server.max_message_size, idle))
            }
        })
    }

    /// Returns whether the server is a child process. All callers share it, and it gets no tokens.
    pub(crate) fn is_stdio(&self) -> bool {
        matches!(self, Self::Stdio(_))
    }

    /// Returns the URL of the server. `None` for a stdio server.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Http(transport) | Self::Sse(transport) => Some(transport.endpoint()),
            Self::Stdio(_) => None,
        }
    }

    /// Returns a client builder for a user whose tokens come from `source`.
    pub(crate) fn client(&self, source: Option<Arc<dyn TokenSource>>) -> ClientBuilder {
        match self {
            Self::Http(transport) => Client::builder(transport.with_token_source(source)),
            Self::Sse(transport) => {
                Client::builder(SseTransport::new(transport.with_token_source(source)))
            }
            Self::Stdio(transport) => Client::builder(transport.clone()),
        }
    }
}

fn http(server: &Server, url: &str, client: &HttpClient) -> Result<HttpTransport, Error> {
    server.http_transport(url).http_client(client.clone()).build()
}
