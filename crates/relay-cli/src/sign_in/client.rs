//! The program as an OAuth client.

use mcp_oauth::{OAuthClient, OAuthClientBuilder};
use mcp_oauth_file::FileStore;

/// There is one person, who may be signed in to many servers.
pub(crate) const PRINCIPAL: &str = "me";

const CLIENT_NAME: &str = "Relay";

/// The program as authorization servers get to know it; `redirect_uri` is where people come back to.
pub(crate) fn oauth_client(store: FileStore, redirect_uri: &str) -> OAuthClientBuilder {
    OAuthClient::builder(CLIENT_NAME, redirect_uri).store(store)
}
