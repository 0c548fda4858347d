//! Access tokens from the stored credentials.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::future::BoxFuture;
use mcp_oauth::{Store, UserTokens};
use mcp_oauth_file::FileStore;
use relay::{
    AccessToken, Relay, Server, TokenSource, TransportConfig,
    mcp_client::BoxError,
    mcp_http::{Endpoint, TokenRequest},
};

use super::{
    client::{PRINCIPAL, oauth_client},
    store,
};
use crate::output::Printer;

/// A token source for all servers. It uses the stored credentials of a server, or the server's
/// `api_key` if there are none.
pub(crate) struct StoredTokens {
    store: FileStore,
    tokens: UserTokens,
    api_keys: BTreeMap<String, AccessToken>,
    printer: Printer,
}

impl StoredTokens {
    /// Opens the stored credentials, if there are any.
    pub(crate) fn open_existing(relay: &Relay, printer: &Printer) -> Result<Option<Self>> {
        let Some(store) = store::existing_store()? else { return Ok(None) };
        // This client never starts a sign-in, so its redirect URI is not used.
        let client = oauth_client(store.clone(), "http://127.0.0.1/callback")
            .all_server_settings(relay.oauth_settings())
            .build()?;
        let api_key = |server: &Server| match server.transport() {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => {
                Some((Endpoint::parse(url).ok()?.url().to_string(), server.token()?.clone()))
            }
            _ => None,
        };
        let api_keys = relay.servers().iter().filter_map(|(_, server)| api_key(server)).collect();
        let (tokens, printer) = (client.user(PRINCIPAL), printer.clone());
        Ok(Some(Self { store, tokens, api_keys, printer }))
    }

    /// Returns the access token for a request, and redacts it in all later output.
    async fn find_token(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, BoxError> {
        let server = request.endpoint.url().as_str();
        if self.store.keys(Some(PRINCIPAL), server).await?.is_empty() {
            return Ok(self.api_keys.get(server).cloned());
        }
        let token = self.tokens.token(request).await?;
        token.iter().for_each(|token| self.printer.add_secret(token));
        Ok(token)
    }
}

impl TokenSource for StoredTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(self.find_token(request))
    }
}
