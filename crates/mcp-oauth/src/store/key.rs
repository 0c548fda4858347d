//! The key of a record in a store.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The key of a record: a principal, an MCP server and an authorization server.
///
/// `Debug` omits the query of the server's URL, because it may contain an API key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreKey {
    /// The principal that the credentials belong to. `None` for the
    /// [`ClientRegistration`](crate::ClientRegistration) of the application.
    pub principal: Option<String>,
    /// The URL of the MCP server.
    pub server: String,
    /// The issuer of the authorization server.
    pub issuer: String,
}

impl StoreKey {
    /// Creates the key of a principal's credentials, or of the application's registration if
    /// `principal` is `None`.
    pub fn new(
        principal: Option<&str>,
        server: impl Into<String>,
        issuer: impl Into<String>,
    ) -> Self {
        let principal = principal.map(str::to_owned);
        Self { principal, server: server.into(), issuer: issuer.into() }
    }

    /// Returns the URL of the server without its query.
    pub(crate) fn server_without_query(&self) -> &str {
        self.server.split('?').next().unwrap_or_default()
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server_without_query();
        let Self { principal, issuer, .. } = self;
        write!(f, "StoreKey({principal:?} at {server}, by {issuer})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_leaves_out_the_query_of_the_server_url() {
        let key =
            StoreKey::new(Some("ann"), "https://a.example/mcp?key=s3cret", "https://b.example");
        let shown = format!("{key:?}");
        let expected = r#"StoreKey(Some("ann") at https://a.example/mcp, by https://b.example)"#;
        assert_eq!(shown, expected);
    }
}
