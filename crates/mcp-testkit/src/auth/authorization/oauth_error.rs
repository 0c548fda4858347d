//! OAuth error responses (OAuth 2.1, section 3.2.4).

use serde_json::json;

use crate::http::Reply;

/// An OAuth error code and its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    pub(crate) code: String,
    pub(crate) description: String,
}

impl OAuthError {
    pub(crate) fn new(code: impl Into<String>, description: impl Into<String>) -> Self {
        Self { code: code.into(), description: description.into() }
    }

    /// Returns the error response (OAuth 2.1, section 3.2.4).
    pub(crate) fn reply(&self) -> Reply {
        let status = if self.code == "invalid_client" { 401 } else { 400 };
        let body = json!({ "error": self.code, "error_description": self.description });
        Reply::status(status)
            .header("content-type", "application/json")
            .header("cache-control", "no-store")
            .chunk(body.to_string())
    }
}
