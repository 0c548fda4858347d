//! The error of starting a server.

use std::{io, net::SocketAddr};

/// An error that occurs when starting a [`TestServer`](crate::TestServer) or an
/// [`AuthorizationServer`](crate::AuthorizationServer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server cannot listen. For example, the port is in use.
    #[error("cannot listen on {address}")]
    Listen {
        /// The requested address. Port 0 means any free port.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The list of protocol versions is empty.
    #[error("no protocol version configured")]
    NoRevision,
}
