//! The task of the client.

use serde::Deserialize;

/// The operation of the client, and its secrets.
#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    /// The operation by name. See `operation.rs`.
    pub(crate) operation: String,
    /// The URL of the server, or the shell script that is the server.
    pub(crate) target: String,
    /// The timeout of a request, in milliseconds.
    pub(crate) timeout: u64,
    /// The bearer token, or the environment variable of a process.
    pub(crate) token: String,
    /// The value of a configured header.
    pub(crate) header: String,
}
