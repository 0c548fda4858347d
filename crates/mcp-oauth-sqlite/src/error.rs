//! The error type of this crate.

use std::path::{Path, PathBuf};

use mcp_http::mcp_client::BoxError;

/// Why a database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file belongs to something else; name one that does not.
    #[error("{path} is a database of another program: name a file for sign-ins alone")]
    Foreign {
        /// The file.
        path: PathBuf,
    },

    /// A newer version of this program has changed the tables.
    #[error("{path} is of a newer version of this program: use that one")]
    Newer {
        /// The file.
        path: PathBuf,
    },

    /// SQLite, or the system below it, could not do it: the disk is full or read-only, the file is
    /// damaged, or another process has kept it busy for too long.
    #[error("the sign-ins in {path} cannot be used")]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
}

impl Error {
    pub(crate) fn failed(path: &Path, source: impl Into<BoxError>) -> Self {
        Self::Failed { path: path.to_owned(), source: source.into() }
    }
}
