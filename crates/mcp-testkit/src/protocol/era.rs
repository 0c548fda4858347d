//! Determines if a request belongs to a stateful or a stateless protocol version.

use mcp_types::{Era, Revision};

use super::{envelope, exchange::Exchange};
use crate::{base::SESSION, http::Reply, state::ProbeResponse};

impl Exchange<'_> {
    /// Returns the era whose rules apply. Returns an error response if the server does not support
    /// it.
    pub(crate) fn era(&self) -> Result<Era, Reply> {
        let requested = self.requested_era();
        match requested {
            _ if self.server.config.supports(requested) => Ok(requested),
            Era::Stateless => Err(self.unsupported_era_reply()),
            // The response lists the supported versions.
            Era::Stateful if self.is_initialize() => Ok(Era::Stateful),
            Era::Stateful => Ok(Era::Stateless),
        }
    }

    /// Returns the era that the client uses. It is stateful unless the request is clearly
    /// stateless.
    fn requested_era(&self) -> Era {
        let request = self.request;
        let has_version = request.meta().is_some_and(|meta| meta.contains_key(envelope::VERSION));
        let has_stateless_header = request.rpc_method() == Some("server/discover")
            || request.header("mcp-method").is_some()
            || request
                .header("mcp-protocol-version")
                .and_then(|version| version.parse::<Revision>().ok())
                .is_some_and(|revision| revision.era() == Era::Stateless);
        let has_session = request.header(SESSION).is_some();
        match !self.is_initialize() && (has_version || has_stateless_header && !has_session) {
            true => Era::Stateless,
            false => Era::Stateful,
        }
    }

    fn is_initialize(&self) -> bool {
        self.request.rpc_method() == Some("initialize")
    }

    /// Returns the probe response. This is not a violation, because the client cannot know the
    /// server's versions.
    fn unsupported_era_reply(&self) -> Reply {
        match self.server.config.probe_response {
            ProbeResponse::Status(status) => Reply::status(status),
            ProbeResponse::Error { status, code } => {
                let method = self.request.method();
                self.error_reply(status, code, format_args!("Unknown method: {method}"))
            }
        }
    }
}
