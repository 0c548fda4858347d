//! The beginning of the body of an error response.

use std::fmt;

use bytes::Bytes;
use mcp_client::TruncatedLines;

/// The beginning of the body of an error response. It does not contain the secrets of the request.
///
/// `Display` writes the first lines. `Debug` writes the length.
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorBody(pub(crate) Bytes);

impl ErrorBody {
    /// Returns the bytes of the body, at most 64 KiB.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TruncatedLines(&String::from_utf8_lossy(&self.0)).fmt(f)
    }
}

impl fmt::Debug for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorBody({} bytes)", self.0.len())
    }
}
