//! Token revocation (RFC 7009).

use mcp_http::Endpoint;

use super::state::ClientState;
use crate::{
    crypto::Secret,
    error::Error,
    http::NetworkZone,
    store::{Credentials, StoreKey},
    token::DpopKey,
};

/// Revokes the refresh token, or the access token if there is no refresh token. A failure is only
/// logged. Revoking a refresh token also revokes its access tokens.
pub(crate) async fn revoke(client: &ClientState, key: &StoreKey, credentials: &Credentials) {
    let Some(url) = &credentials.revocation_endpoint else { return };
    let (token, token_type_hint) = match &credentials.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&credentials.access_token, "access_token"),
    };
    if let Err(error) = revoke_at(client, key, credentials, url, (token, token_type_hint)).await {
        tracing::warn!(%error, "credentials were removed, but not revoked");
    }
}

async fn revoke_at(
    client: &ClientState,
    key: &StoreKey,
    credentials: &Credentials,
    url: &str,
    (token, token_type_hint): (&Secret, &str),
) -> Result<(), Error> {
    let server = Endpoint::parse(&key.server);
    let server = server.map_err(|error| Error::configuration(error.to_string()))?;
    let url = client.http.check(url, NetworkZone::of(&server))?;
    let dpop = credentials.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
    let Credentials { issuer, registration, .. } = credentials;
    let endpoint = client.token_endpoint(&key.server, &url, issuer, registration, dpop.as_ref());
    endpoint.send(&[("token", token.expose()), ("token_type_hint", token_type_hint)]).await
}
