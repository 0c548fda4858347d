//! The error for an invalid OAuth setting.

/// An invalid value in [`OAuthSettings`](crate::OAuthSettings). It contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{setting}\": {reason}")]
#[non_exhaustive]
pub struct InvalidOAuthSetting {
    /// The name of the setting, as in `relay.toml`.
    pub setting: &'static str,
    /// The reason, and what is expected.
    pub reason: String,
}

impl InvalidOAuthSetting {
    pub(crate) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self { setting, reason: reason.into() }
    }
}
