//! Dynamic client registration (RFC 7591; MCP authorization, "Client Registration").

use bytes::Bytes;
use http::Response;
use mcp_http::mcp_client::Redactor;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::auth_method::first_supported;
use crate::{
    crypto::Secret,
    discovery::AuthorizationServerMetadata,
    error::Error,
    http::{GuardedClient, error_from_response, is_loopback},
    lenient,
    settings::OAuthSettings,
    store::{ClientRegistration, TokenEndpointAuthMethod},
};

/// The metadata of the application as a client (RFC 7591, section 2).
#[derive(Debug, Clone)]
pub(crate) struct ClientMetadata {
    pub(crate) name: String,
    /// The redirect URI, as it is registered.
    pub(crate) redirect_uri: String,
    /// Set if the application runs on its user's machine, where it keeps no secret.
    pub(crate) is_native: bool,
}

#[derive(Deserialize)]
struct RegistrationResponse {
    client_id: String,
    #[serde(default, deserialize_with = "lenient::value")]
    client_secret: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::seconds")]
    client_secret_expires_at: Option<u64>,
    #[serde(default, deserialize_with = "lenient::value")]
    token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
}

impl ClientMetadata {
    /// Returns the metadata with the redirect URI that the settings of an MCP server require.
    ///
    /// Only a redirect URI on this machine can have another host and port.
    pub(crate) fn with_redirect(&self, settings: &OAuthSettings) -> Self {
        let mut url = Url::parse(&self.redirect_uri).ok();
        let url = url.as_mut().filter(|url| url.scheme() == "http" && is_loopback(url));
        let mut metadata = self.clone();
        let OAuthSettings { redirect_host: host, redirect_port: port, .. } = settings;
        if let Some(url) = url.filter(|_| host.is_some() || port.is_some()) {
            let host = host.as_deref().map_or(Ok(()), |host| url.set_host(Some(host)));
            let is_set = host.is_ok() && port.is_none_or(|port| url.set_port(Some(port)).is_ok());
            debug_assert!(is_set, "the settings are valid");
            metadata.redirect_uri = url.to_string();
        }
        metadata
    }

    /// Registers the application at an authorization server. Returns `None` if the server has no
    /// registration endpoint. `for_device` adds the device authorization grant.
    pub(crate) async fn register(
        &self,
        http: &GuardedClient,
        server: &AuthorizationServerMetadata,
        scope: Option<&str>,
        for_device: bool,
    ) -> Result<Option<ClientRegistration>, Error> {
        let Some(url) = &server.registration_endpoint else { return Ok(None) };
        let url = http.check(url)?;
        let requested_method = self.preferred_auth_method(server);
        let mut document = json!({
            "client_name": self.name,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": requested_method.as_str(),
            "application_type": self.application_type(),
        });
        if for_device && let Some(grant_types) = document["grant_types"].as_array_mut() {
            grant_types.push(json!("urn:ietf:params:oauth:grant-type:device_code"));
        }
        if let Some(scope) = scope {
            document["scope"] = json!(scope);
        }
        let http_response = http.post_json(&url, document.to_string().into_bytes()).await?;
        self.read(&url, &http_response, requested_method).map(Some)
    }

    fn read(
        &self,
        url: &Url,
        http_response: &Response<Bytes>,
        requested_method: TokenEndpointAuthMethod,
    ) -> Result<ClientRegistration, Error> {
        if !http_response.status().is_success() {
            return Err(error_from_response(url, http_response, &Redactor::default()));
        }
        let response: RegistrationResponse = serde_json::from_slice(http_response.body())
            .map_err(|_| Error::untrusted(url, "its registration response is invalid"))?;
        let secret = response.client_secret.filter(|secret| !secret.expose().is_empty());
        // Without a secret, the client can only be public, whatever the server names. It has no key.
        let named_method = response.token_endpoint_auth_method;
        let method = named_method.filter(|it| *it != TokenEndpointAuthMethod::PrivateKeyJwt);
        Ok(ClientRegistration {
            client_id: response.client_id,
            auth_method: match secret {
                Some(_) => method.unwrap_or(requested_method),
                None => TokenEndpointAuthMethod::None,
            },
            client_secret: secret,
            // Zero means that the secret does not expire (RFC 7591, section 3.2.1).
            secret_expires_at: response.client_secret_expires_at.filter(|at| *at != 0),
            redirect_uri: Some(self.redirect_uri.clone()),
            is_preregistered: false,
            is_port_fixed: false,
        })
    }

    /// Returns the best authentication method that the server supports.
    fn preferred_auth_method(
        &self,
        server: &AuthorizationServerMetadata,
    ) -> TokenEndpointAuthMethod {
        use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost, None};
        let best_first = match self.is_native {
            true => [None, ClientSecretPost, ClientSecretBasic],
            false => [ClientSecretPost, ClientSecretBasic, None],
        };
        first_supported(&best_first, server).unwrap_or(None)
    }

    /// Returns the `application_type` (OpenID Connect Dynamic Client Registration 1.0, section 2).
    fn application_type(&self) -> &'static str {
        if self.is_native { "native" } else { "web" }
    }
}
