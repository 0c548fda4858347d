//! The settings of a server. They do not change while it runs.

use std::time::Duration;

use mcp_types::{Era, Revision, error_code, v2026_07_28::CacheScope};
use serde_json::{Value, json};

use crate::catalog::CompletionHandler;

/// The format of responses to JSON-RPC requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// A JSON object.
    #[default]
    Json,
    /// An event stream that ends after the response.
    Sse,
}

/// The response to a stateless request, such as `server/discover`, if the server supports only
/// stateful protocol versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProbeResponse {
    /// A JSON-RPC error.
    Error {
        /// The HTTP status.
        status: u16,
        /// The JSON-RPC error code.
        code: i64,
    },
    /// An HTTP status without a body.
    Status(u16),
}

/// The settings of a server.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) instructions: Option<String>,
    /// Newest first.
    pub(crate) revisions: Vec<Revision>,
    pub(crate) probe_response: ProbeResponse,
    pub(crate) ttl: Duration,
    pub(crate) cache_scope: CacheScope,
    pub(crate) assume_single_client: bool,
    pub(crate) completion: Option<CompletionHandler>,
    pub(crate) logging: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) response_mode: ResponseMode,
    /// The time that a client waits before it resumes a stream. `None` if streams are not
    /// resumable.
    pub(crate) retry: Option<Duration>,
    pub(crate) sessions: bool,
    pub(crate) allow_get: bool,
    pub(crate) allow_delete: bool,
}

impl Config {
    /// Returns the supported protocol versions of this era, newest first.
    pub(crate) fn supported(&self, era: Era) -> impl Iterator<Item = Revision> {
        self.revisions.iter().copied().filter(move |revision| revision.era() == era)
    }

    /// Returns the `serverInfo` of the server.
    pub(crate) fn server_info(&self) -> Value {
        json!({ "name": self.name, "version": self.version })
    }

    pub(crate) fn supports(&self, era: Era) -> bool {
        self.supported(era).next().is_some()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "mcp-testkit".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instructions: None,
            revisions: stateful_revisions(),
            probe_response: ProbeResponse::default(),
            ttl: Duration::ZERO,
            cache_scope: CacheScope::Private,
            assume_single_client: false,
            completion: None,
            logging: false,
            page_size: None,
            response_mode: ResponseMode::default(),
            retry: None,
            sessions: true,
            allow_get: false,
            allow_delete: true,
        }
    }
}

/// Returns "method not found" with status 200.
impl Default for ProbeResponse {
    fn default() -> Self {
        Self::Error { status: 200, code: error_code::METHOD_NOT_FOUND }
    }
}

fn stateful_revisions() -> Vec<Revision> {
    Revision::ALL.iter().copied().filter(|revision| revision.era() == Era::Stateful).collect()
}
