//! The OAuth client of the program.

use mcp_oauth::{OAuthClient, OAuthClientBuilder};
use mcp_oauth_file::FileStore;

/// The principal of all stored credentials. The program has one user.
pub(crate) const PRINCIPAL: &str = "me";

const CLIENT_NAME: &str = "Relay";

/// Returns a builder for the OAuth client. Browsers are redirected to `redirect_uri`.
pub(crate) fn oauth_client(store: FileStore, redirect_uri: &str) -> OAuthClientBuilder {
    OAuthClient::builder(CLIENT_NAME, redirect_uri).store(store)
}
