//! Token revocation (RFC 7009).

use mcp_http::Endpoint;

use super::state::ClientState;
use crate::{
    crypto::Secret,
    error::Error,
    store::{Credentials, StoreKey},
    token::DpopKey,
};

/// Revokes the refresh token, or the access token if there is no refresh token. A failure is only
/// logged. Revoking a refresh token also revokes its access tokens. Returns `true` if the server has
/// revoked it.
pub(crate) async fn revoke(
    client: &ClientState,
    key: &StoreKey,
    credentials: &Credentials,
) -> bool {
    let Some(url) = &credentials.revocation_endpoint else { return false };
    let (token, token_type_hint) = match &credentials.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&credentials.access_token, "access_token"),
    };
    let revoked = revoke_at(client, key, credentials, url, (token, token_type_hint)).await;
    if let Err(error) = &revoked {
        tracing::warn!(%error, "credentials were removed, but not revoked");
    }
    revoked.is_ok()
}

async fn revoke_at(
    client: &ClientState,
    key: &StoreKey,
    credentials: &Credentials,
    url: &str,
    (token, token_type_hint): (&Secret, &str),
) -> Result<(), Error> {
    // A store may not know the URL of the server, but only its digest.
    let server = Endpoint::parse(&key.server);
    let http = server.map_or_else(|_| client.guarded_client.clone(), |it| client.http(&it));
    let url = http.check(url)?;
    let dpop = credentials.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
    let Credentials { issuer, registration, .. } = credentials;
    let endpoint =
        client.token_endpoint(&http, &key.server, &url, issuer, registration, dpop.as_ref());
    endpoint.send(&[("token", token.expose()), ("token_type_hint", token_type_hint)]).await
}
