//! The error type of this crate.

use std::{io, path::PathBuf};

use mcp_http::mcp_client::BoxError;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no keyring, or the person did not unlock it. A `FileStore` without it is the way out.
    #[error("the keyring of the system cannot be used: start and unlock it, or do without")]
    Unavailable {
        /// Why.
        source: BoxError,
    },

    /// Somebody else has put something in the place of the key.
    #[error(
        "what the keyring holds for {application:?} is no key: remove it there, and sign in again"
    )]
    Malformed {
        /// The name that it is kept under.
        application: String,
    },

    /// The folder could not be made or written.
    #[error("the folder {path} cannot be used")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}
