//! An authorization server that the settings of an MCP server locate.

use mcp_http::OAuthSettings;
use url::Url;

use super::{
    issuer::{is_same_issuer, quoted_url},
    metadata::AuthorizationServerMetadata,
};
use crate::{error::Error, http::GuardedClient};

/// The setting that accepts metadata of another issuer.
const ACCEPT_ISSUER: &str =
    "\"dangerously_accept_issuers\" in the settings of the server allows it";

/// Returns the authorization server with the endpoints of the settings, or with the metadata at the
/// URL of the settings. Returns `None` if they have neither.
pub(super) async fn configured_server(
    http: &GuardedClient,
    settings: &OAuthSettings,
) -> Result<Option<AuthorizationServerMetadata>, Error> {
    if let (Some(authorization), Some(token)) =
        (&settings.authorization_endpoint, &settings.token_endpoint)
    {
        let origin = http.check(token)?.origin().ascii_serialization();
        let issuer = settings.authorization_server.as_ref().unwrap_or(&origin);
        return Ok(Some(AuthorizationServerMetadata::with_endpoints(issuer, authorization, token)));
    }
    let Some(url) = &settings.metadata_url else { return Ok(None) };
    let url = http.check(url)?;
    let document: Option<AuthorizationServerMetadata> = http.get_json(&url).await?;
    let missing = || Error::untrusted(&url, "it has no authorization server metadata");
    let document = document.ok_or_else(missing)?;
    let issuer = settings.authorization_server.clone().unwrap_or_else(|| document.issuer.clone());
    check_issuer(document, &url, &issuer, settings).map(Some)
}

/// Returns the metadata at `url`, if it is that of the issuer, or of one that the settings accept.
pub(super) fn check_issuer(
    document: AuthorizationServerMetadata,
    url: &Url,
    issuer: &str,
    settings: &OAuthSettings,
) -> Result<AuthorizationServerMetadata, Error> {
    let document = AuthorizationServerMetadata { named_issuer: issuer.to_owned(), ..document };
    if is_same_issuer(&document.issuer, issuer) {
        return Ok(document);
    }
    // Credentials stay bound to the issuer that the MCP server names.
    if settings.dangerously_accept_issuers.contains(&document.issuer) {
        return Ok(AuthorizationServerMetadata { issuer: issuer.to_owned(), ..document });
    }
    let (named, expected) = (quoted_url(&document.issuer), quoted_url(issuer));
    let reason = format!("its metadata names issuer {named}, expected {expected}; {ACCEPT_ISSUER}");
    Err(Error::untrusted(url, reason))
}
