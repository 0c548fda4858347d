//! The error type of this crate.

use std::path::{Path, PathBuf};

use mcp_http::mcp_client::BoxError;

/// An error that occurs when a database is opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is a database of another program.
    #[error("database \"{path}\" belongs to another program; use a separate file for credentials")]
    ForeignDatabase {
        /// The path of the file.
        path: PathBuf,
    },

    /// A newer version of this crate has changed the schema of the database.
    #[error("database \"{path}\" is from a newer version of this program; use that version")]
    NewerVersion {
        /// The path of the file.
        path: PathBuf,
    },

    /// SQLite or the operating system reported an error. For example, the disk is full or read-only,
    /// the file is damaged, or another process kept the database busy for more than 10 seconds.
    #[error("cannot read or write database \"{path}\"")]
    Failed {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
}

impl Error {
    pub(crate) fn failed(path: &Path, source: impl Into<BoxError>) -> Self {
        Self::Failed { path: path.to_owned(), source: source.into() }
    }
}
