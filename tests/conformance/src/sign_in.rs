//! A token source that signs in like a user with a browser.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, header::LOCATION};
use mcp_http::{
    AccessToken, Endpoint, HttpClient, TokenRequest, TokenSource, Unauthorized,
    mcp_client::BoxError,
};
use mcp_oauth::{Error, OAuthClient, UserTokens};

/// Signs in whenever the server requires it.
pub(crate) struct SignIn {
    application: OAuthClient,
    tokens: UserTokens,
    browser: HttpClient,
}

impl SignIn {
    pub(crate) fn new(application: OAuthClient) -> Result<Self> {
        let tokens = application.user("user");
        Ok(Self { application, tokens, browser: HttpClient::new()? })
    }

    async fn sign_in(&self, server: &Endpoint, unauthorized: &Unauthorized) -> Result<()> {
        let sign_in = self.tokens.begin_sign_in(server, Some(unauthorized)).await?;
        let callback = self.visit(sign_in.authorization_url.as_str()).await?;
        self.application.complete_sign_in(sign_in.pending, &callback).await?;
        Ok(())
    }

    /// Opens the authorization URL and returns the redirect. The authorization server needs no input
    /// from a user.
    async fn visit(&self, url: &str) -> Result<String> {
        let response = self.browser.fetch(Request::get(url).body(Bytes::new())?, 64 * 1024).await?;
        let location = response
            .headers()
            .get(LOCATION)
            .context("the authorization server did not redirect")?;
        Ok(location.to_str()?.to_owned())
    }
}

impl TokenSource for SignIn {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(async move {
            let found = self.tokens.token(request).await;
            let needs_sign_in = |error: &BoxError| {
                matches!(error.downcast_ref(), Some(Error::SignInRequired { .. }))
            };
            match (&found, request.rejected) {
                (Err(error), Some(rejected)) if needs_sign_in(error) => {
                    self.sign_in(request.endpoint, rejected.unauthorized).await?;
                    self.tokens.token(request).await
                }
                _ => found,
            }
        })
    }
}
