//! The beginning of the body of an error response.

use std::fmt;

use bytes::Bytes;
use mcp_client::{Redactor, TruncatedLines};

/// The beginning of the body of an error response. It does not contain the secrets of the request.
///
/// `Display` writes the first lines. `Debug` writes the length.
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorBody(pub(crate) Bytes);

impl ErrorBody {
    /// The maximum length, in bytes.
    pub(crate) const LIMIT: usize = 64 * 1024;

    /// Redacts a body, or its beginning if it is `truncated`.
    pub(crate) fn redacted(body: &[u8], truncated: bool, redactor: &Redactor) -> Self {
        let text = match truncated {
            true => redactor.redact_beginning(body),
            false => redactor.redact_bytes(body),
        };
        Self(text.into_owned().into())
    }

    /// Redacts the beginning of a text.
    pub(crate) fn beginning_of(text: &[u8], redactor: &Redactor) -> Self {
        Self::redacted(&text[..text.len().min(Self::LIMIT)], text.len() > Self::LIMIT, redactor)
    }

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
