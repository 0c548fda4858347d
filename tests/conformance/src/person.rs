//! The person who signs in, with a browser that shows nothing.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, header::LOCATION};
use mcp_http::{
    AccessToken, Endpoint, HttpClient, TokenRequest, TokenSource, Unauthorized,
    mcp_client::BoxError,
};
use mcp_oauth::{Error, OAuthClient, UserTokens};

/// Signs in as often as a server wants it.
pub(crate) struct Person {
    application: OAuthClient,
    tokens: UserTokens,
    browser: HttpClient,
}

impl Person {
    pub(crate) fn new(application: OAuthClient) -> Result<Self> {
        let tokens = application.user("person");
        Ok(Self { application, tokens, browser: HttpClient::new()? })
    }

    async fn sign_in(&self, server: &Endpoint, unauthorized: &Unauthorized) -> Result<()> {
        let sign_in = self.tokens.begin(server, Some(unauthorized)).await?;
        let callback = self.visit(sign_in.authorization_url.as_str()).await?;
        self.application.finish(sign_in.pending, &callback).await?;
        Ok(())
    }

    /// Where the authorization server sends the browser, which agrees to everything.
    async fn visit(&self, url: &str) -> Result<String> {
        let answer = self.browser.fetch(Request::get(url).body(Bytes::new())?, 64 * 1024).await?;
        let location = answer.headers().get(LOCATION).context("no way back from the sign-in")?;
        Ok(location.to_str()?.to_owned())
    }
}

impl TokenSource for Person {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(async move {
            let found = self.tokens.token(request).await;
            let wants_person = |error: &BoxError| {
                matches!(error.downcast_ref(), Some(Error::SignInRequired { .. }))
            };
            match (&found, request.refused) {
                (Err(error), Some(refused)) if wants_person(error) => {
                    self.sign_in(request.endpoint, refused.unauthorized).await?;
                    self.tokens.token(request).await
                }
                _ => found,
            }
        })
    }
}
