//! The error type of this crate.

use std::{io, path::PathBuf};

use mcp_http::mcp_client::BoxError;

/// The error of [`open()`](crate::open()).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no keyring, or the user did not unlock it. A program without a keyring can use a
    /// [`FileStore`](mcp_oauth_file::FileStore) directly.
    #[error("cannot use the system keyring; start and unlock it, or use a store without a keyring")]
    Unavailable {
        /// The error of the keyring.
        source: BoxError,
    },

    /// The keyring entry of the application exists and is not a valid encryption key.
    #[error(
        "the keyring entry of {application:?} is not a valid key; remove the entry and sign in again"
    )]
    InvalidKey {
        /// The application, as it was passed to [`open()`](crate::open()).
        application: String,
    },

    /// The folder cannot be created or written.
    #[error("cannot use folder \"{path}\"")]
    Folder {
        /// The path of the folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}
