//! Errors of starting a server.

use std::{io, net::SocketAddr};

/// An error of starting a [`TestServer`](crate::TestServer) or an
/// [`AuthorizationServer`](crate::AuthorizationServer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port is in use, or listening on it is not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// The requested address; port 0 means any free port.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The list of protocol revisions is empty.
    #[error("no protocol version configured")]
    NoRevision,
}
