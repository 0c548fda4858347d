//! What can keep the server from starting.

use std::{io, net::SocketAddr};

/// Why a [`TestServer`](crate::TestServer) or an
/// [`AuthorizationServer`](crate::AuthorizationServer) did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port cannot be had: it is taken, or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// What was asked for; port 0 stands for any free one.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The server was told to speak no revision at all.
    #[error("no protocol revision to speak")]
    NoRevision,
}
