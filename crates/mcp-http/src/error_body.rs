//! The beginning of the body of an error response.

use std::fmt;

use bytes::Bytes;
use mcp_client::Brief;

/// The beginning of the body that came with a failure, without the secrets of the request.
///
/// `Display` gives some of it in one line, `Debug` its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub(crate) Bytes);

impl Body {
    /// The bytes of the body, at most 64 KiB.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Brief(&String::from_utf8_lossy(&self.0)).fmt(f)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}
