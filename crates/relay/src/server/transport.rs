//! What carries the messages of a server, whoever its users are.

use std::{sync::Arc, time::Duration};

use mcp_client::{Builder, Client};
use mcp_http::{Error, HttpClient, HttpTransport, SseTransport, TokenSource};
use mcp_stdio::StdioTransport;

use crate::settings::{Server, Transport};

/// The transport of a server. Over HTTP each user gets one of the same kind; a process is one for all.
#[derive(Debug)]
pub(crate) enum ServerTransport {
    Http(HttpTransport),
    /// Over what HTTP+SSE goes.
    Sse(HttpTransport),
    Stdio(StdioTransport),
}

impl ServerTransport {
    /// What a server's settings ask for. A process that nobody calls for `idle` is ended.
    pub(crate) fn new(server: &Server, client: &HttpClient, idle: Duration) -> Result<Self, Error> {
        Ok(match &server.transport {
            Transport::Http { url } => Self::Http(http(server, url, client)?),
            Transport::Sse { url } => Self::Sse(http(server, url, client)?),
            Transport::Stdio(program) => Self::Stdio(program.transport(server.message_limit, idle)),
        })
    }

    /// Whether it is one for all: it carries no user's token, and no conversation ends it.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Stdio(_))
    }

    /// Sets up the client of a user, or of nobody, whose tokens come from `source`.
    pub(crate) fn client(&self, source: Option<Arc<dyn TokenSource>>) -> Builder {
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
