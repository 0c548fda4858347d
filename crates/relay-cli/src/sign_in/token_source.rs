//! The sign-ins of the person who runs the program.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::future::BoxFuture;
use mcp_oauth::{Store, UserTokens};
use mcp_oauth_file::FileStore;
use relay::{
    AccessToken, Relay, Server, TokenSource, Transport,
    mcp_client::BoxError,
    mcp_http::{Endpoint, TokenRequest},
};

use super::{
    client::{PRINCIPAL, application},
    store,
};
use crate::output::Output;

/// A token source for all servers: the sign-in where there is one, or else the server's `api_key`.
pub(crate) struct SignIns {
    store: FileStore,
    tokens: UserTokens,
    keys: BTreeMap<String, AccessToken>,
    output: Output,
}

impl SignIns {
    /// The sign-ins that earlier runs have left, if there may be any.
    pub(crate) fn known(relay: &Relay, output: &Output) -> Result<Option<Self>> {
        let Some(store) = store::known_store()? else { return Ok(None) };
        // Nobody is sent there: a person signs in by `relay login` alone.
        let client = application(store.clone(), "http://127.0.0.1/callback").build()?;
        let key = |server: &Server| match server.transport() {
            Transport::Http { url } | Transport::Sse { url } => {
                Some((Endpoint::parse(url).ok()?.url().to_string(), server.token()?.clone()))
            }
            _ => None,
        };
        let keys = relay.servers().iter().filter_map(|(_, server)| key(server)).collect();
        let (tokens, output) = (client.user(PRINCIPAL), output.clone());
        Ok(Some(Self { store, tokens, keys, output }))
    }

    async fn find(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, BoxError> {
        let server = request.endpoint.url().as_str();
        if self.store.keys(Some(PRINCIPAL), server).await?.is_empty() {
            return Ok(self.keys.get(server).cloned());
        }
        let token = self.tokens.token(request).await?;
        token.iter().for_each(|token| self.output.conceal(token));
        Ok(token)
    }
}

impl TokenSource for SignIns {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(self.find(request))
    }
}
