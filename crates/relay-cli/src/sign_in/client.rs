//! The OAuth client that the program is.

use mcp_oauth::{OAuthClient, OAuthClientBuilder};
use mcp_oauth_file::FileStore;

/// The principal of all stored credentials: one user runs the program.
pub(crate) const PRINCIPAL: &str = "me";

const CLIENT_NAME: &str = "Relay";

/// Returns a builder for the OAuth client. `redirect_uri` is the URL of the callback.
pub(crate) fn oauth_client(store: FileStore, redirect_uri: &str) -> OAuthClientBuilder {
    OAuthClient::builder(CLIENT_NAME, redirect_uri).store(store)
}
