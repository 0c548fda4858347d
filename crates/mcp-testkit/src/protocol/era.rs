//! Which era of the protocol a request is of.

use mcp_types::{Era, Revision};

use super::{envelope, exchange::Exchange};
use crate::{base::SESSION, http::Reply, state::ProbeAnswer};

impl Exchange<'_> {
    /// The era by whose rules a message is read, or the answer of a server that cannot read it.
    pub(crate) fn era(&self) -> Result<Era, Reply> {
        let meant = self.requested_era();
        match meant {
            _ if self.server.config.speaks(meant) => Ok(meant),
            Era::PerRequest => Err(self.unsupported_era_reply()),
            // Its answer tells which revisions there are.
            Era::Handshake if self.is_initialize() => Ok(Era::Handshake),
            Era::Handshake => Ok(Era::PerRequest),
        }
    }

    /// The era that the client shows; without a sign it is the one of the handshake.
    fn requested_era(&self) -> Era {
        let request = self.request;
        let complete = request.meta().is_some_and(|meta| meta.contains_key(envelope::VERSION));
        let marked = request.rpc_method() == Some("server/discover")
            || request.header("mcp-method").is_some()
            || request
                .header("mcp-protocol-version")
                .and_then(|version| version.parse::<Revision>().ok())
                .is_some_and(|revision| revision.era() == Era::PerRequest);
        let has_session = request.header(SESSION).is_some();
        match !self.is_initialize() && (complete || marked && !has_session) {
            true => Era::PerRequest,
            false => Era::Handshake,
        }
    }

    fn is_initialize(&self) -> bool {
        self.request.rpc_method() == Some("initialize")
    }

    /// Not a violation: the client cannot know what the server speaks.
    fn unsupported_era_reply(&self) -> Reply {
        match self.server.config.probe_answer {
            ProbeAnswer::Status(status) => Reply::status(status),
            ProbeAnswer::Error { status, code } => {
                let method = self.request.method();
                self.error_reply(status, code, format_args!("Unknown method: {method}"))
            }
        }
    }
}
