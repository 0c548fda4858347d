//! Giving tokens back (RFC 7009).

use mcp_http::Endpoint;

use crate::{
    client::Shared, credentials::Credentials, dpop::DpopKey, error::Error, secret::Secret,
    store::Key, token_endpoint::refusal, web::Realm,
};

/// Tells the authorization server that nobody uses the tokens any more, as well as it can be told.
pub(crate) async fn revoke(shared: &Shared, key: &Key, credentials: &Credentials) {
    let told = match (&credentials.revocation_endpoint, &credentials.refresh_token) {
        (Some(url), Some(token)) => tell(shared, key, credentials, url, token).await,
        _ => return,
    };
    if let Err(error) = told {
        tracing::warn!(%error, "a refresh token is forgotten, and not revoked");
    }
}

async fn tell(
    shared: &Shared,
    key: &Key,
    credentials: &Credentials,
    url: &str,
    token: &Secret,
) -> Result<(), Error> {
    let server = Endpoint::parse(&key.server);
    let server = server.map_err(|error| Error::configuration(error.to_string()))?;
    let url = shared.web.check(url, Realm::of(&server))?;
    let dpop = credentials.dpop_key.as_ref().map(DpopKey::read).transpose()?;
    let Credentials { issuer, registration, .. } = credentials;
    let endpoint = shared.token_endpoint(&key.server, &url, issuer, registration, dpop.as_ref());
    let form = [("token", token.expose()), ("token_type_hint", "refresh_token")];
    let answer = endpoint.post(&form).await?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(refusal(&url, &answer)),
    }
}
