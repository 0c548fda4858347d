//! The choice of a client registration (MCP authorization, "Client Registration").

use http::header;
use mcp_http::Endpoint;
use url::{Url, form_urlencoded};

use super::state::ClientState;
use crate::{
    discovery::{AuthorizationServerMetadata, is_same_issuer},
    error::Error,
    http::GuardedClient,
    registration::{PreregisteredClient, is_supported},
    store::{ClientRegistration, Record, StoreKey, TokenEndpointAuthMethod},
};

impl ClientState {
    /// Returns the registration to use at an authorization server. `for_device` is set for a sign-in
    /// on another device.
    ///
    /// Tries, in the order of the specification, a pre-registered client, a client ID metadata
    /// document, and dynamic registration. If the registration is a dynamic one from the store, also
    /// returns the redirect URI that is registered.
    pub(crate) async fn registration(
        &self,
        endpoint: &Endpoint,
        server: &AuthorizationServerMetadata,
        scope: Option<&str>,
        for_device: bool,
    ) -> Result<(ClientRegistration, Option<String>), Error> {
        let redirect_uri = &self.client_metadata_at(endpoint).redirect_uri;
        let key = StoreKey::new(None, endpoint.url().as_str(), &server.issuer);
        if let Some(client) = self.preregistered.get(endpoint.url().as_str()) {
            return Ok((
                self.preregistered_registration(client, redirect_uri, &key, server).await?,
                None,
            ));
        }
        if let Some(url) = &self.client_metadata_url
            && server.client_id_metadata_document_supported
        {
            return Ok((
                self.metadata_document_registration(url.clone(), redirect_uri, server),
                None,
            ));
        }
        let known = match self.load_readable(&key).await? {
            Some(Record::Registration(known)) => Some(known),
            _ => None,
        };
        let is_port_fixed = known.as_ref().is_some_and(|known| known.is_port_fixed);
        if let Some(known) = known.filter(|known| known.is_valid_for(redirect_uri)) {
            let registered = known.redirect_uri.clone();
            return Ok((known.with_redirect_uri(redirect_uri), registered));
        }
        Ok((self.register(endpoint, server, scope, is_port_fixed, for_device).await?, None))
    }

    /// Registers the application, and stores the registration.
    pub(crate) async fn register(
        &self,
        endpoint: &Endpoint,
        server: &AuthorizationServerMetadata,
        scope: Option<&str>,
        is_port_fixed: bool,
        for_device: bool,
    ) -> Result<ClientRegistration, Error> {
        let key = StoreKey::new(None, endpoint.url().as_str(), &server.issuer);
        let (metadata, http) = (self.client_metadata_at(endpoint), self.http(endpoint));
        let new = metadata.register(&http, server, scope, for_device).await;
        let new =
            new.map_err(|error| match server.is_assumed && !is_registration_error(&error) {
                true => Error::SignInUnavailable { server: endpoint.clone(), source: error.into() },
                false => error,
            })?;
        let new = new.ok_or_else(|| no_registration(endpoint, &server.issuer))?;
        let new = ClientRegistration { is_port_fixed, ..new };
        self.save(&key, &Record::Registration(new.clone())).await?;
        Ok(new)
    }

    /// Removes a dynamic registration. A pre-registered client stays bound to its authorization
    /// server.
    pub(crate) async fn forget_registration(
        &self,
        server: &str,
        issuer: &str,
    ) -> Result<(), Error> {
        match self.preregistered.contains_key(server) {
            true => Ok(()),
            false => self.remove(&StoreKey::new(None, server, issuer)).await,
        }
    }

    /// Removes a dynamic registration that the authorization server rejected, unless the application
    /// has registered again in the meantime. A failure is only logged, because the caller reports the
    /// rejection.
    pub(crate) async fn forget_rejected(
        &self,
        server: &str,
        issuer: &str,
        rejected: &ClientRegistration,
    ) {
        let key = StoreKey::new(None, server, issuer);
        let removed = match self.load_readable(&key).await {
            Ok(Some(Record::Registration(known))) if known.client_id != rejected.client_id => {
                return;
            }
            Ok(_) => self.forget_registration(server, issuer).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "cannot remove a client registration that was rejected");
        }
    }

    /// Stores the authentication method that the authorization server turned out to accept. A
    /// failure is only logged: the next request finds the method again.
    pub(crate) async fn remember_auth_method(
        &self,
        server: &str,
        issuer: &str,
        accepted: &ClientRegistration,
    ) {
        let key = StoreKey::new(None, server, issuer);
        let saved = match self.load_readable(&key).await {
            Ok(Some(Record::Registration(known))) if known.client_id == accepted.client_id => {
                let known = known.with_auth_method(accepted.auth_method);
                self.save(&key, &Record::Registration(known)).await
            }
            Ok(_) if accepted.is_preregistered => self.save_binding(&key, accepted).await,
            Ok(_) => return,
            Err(error) => Err(error),
        };
        if let Err(error) = saved {
            tracing::warn!(%error, "cannot store the client authentication method");
        }
    }

    /// Stores that a pre-registered client belongs to an authorization server, without its secret.
    async fn save_binding(
        &self,
        key: &StoreKey,
        registration: &ClientRegistration,
    ) -> Result<(), Error> {
        let binding = ClientRegistration {
            client_secret: None,
            is_preregistered: true,
            ..registration.clone()
        };
        self.save(key, &Record::Registration(binding)).await
    }

    /// Returns the registration of a pre-registered client, with the authentication method that the
    /// authorization server accepted before.
    ///
    /// Returns an error if the client would be used at another authorization server than its own. If
    /// its own is not configured, it is the first one that the client is used at.
    async fn preregistered_registration(
        &self,
        client: &PreregisteredClient,
        redirect_uri: &str,
        key: &StoreKey,
        server: &AuthorizationServerMetadata,
    ) -> Result<ClientRegistration, Error> {
        let mut registration = client.registration(server, Some(redirect_uri))?;
        let mut own_issuer = client.issuer.clone();
        for other in self.keys(None, &key.server).await? {
            let Some(Record::Registration(stored)) = self.load_readable(&other).await? else {
                continue;
            };
            if stored.client_id != client.id {
                continue;
            }
            let may_use_other_method = client.auth_method.is_none() && client.secret.is_some();
            if other == *key && may_use_other_method && stored.auth_method.needs_secret() {
                registration.auth_method = stored.auth_method;
            }
            if client.issuer.is_none() {
                own_issuer = Some(other.issuer);
            }
        }
        match own_issuer {
            Some(issuer) if !is_same_issuer(&issuer, &key.issuer) => {
                Err(Error::configuration(format!(
                    "client {:?} is registered with {issuer}, but the server uses {}",
                    client.id, key.issuer,
                )))
            }
            None => {
                self.save_binding(key, &registration).await?;
                Ok(registration)
            }
            Some(_) => Ok(registration),
        }
    }

    fn metadata_document_registration(
        &self,
        client_id: String,
        redirect_uri: &str,
        server: &AuthorizationServerMetadata,
    ) -> ClientRegistration {
        let by_key = TokenEndpointAuthMethod::PrivateKeyJwt;
        let has_key = self.client_metadata_key.is_some() && is_supported(by_key, server);
        ClientRegistration {
            client_id,
            client_secret: None,
            secret_expires_at: None,
            auth_method: if has_key { by_key } else { TokenEndpointAuthMethod::None },
            redirect_uri: Some(redirect_uri.to_owned()),
            is_preregistered: false,
            is_port_fixed: false,
        }
    }
}

/// Returns `true` if the authorization server rejects the client or the redirect URI of an
/// authorization request. It shows this only to the user, on a page.
pub(crate) async fn rejects(http: &GuardedClient, authorization_url: Url) -> bool {
    let response = match http.get_page(&authorization_url).await {
        Ok(response) => response,
        Err(error) => {
            tracing::debug!(%error, "cannot check the client registration");
            return false;
        }
    };
    let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
    let query = location.and_then(|location| location.split_once('?')).map(|(_, query)| query);
    let error = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "error")
        .map(|(_, error)| error.into_owned());
    let is_client_error = error
        .is_some_and(|error| matches!(error.as_str(), "invalid_client" | "unauthorized_client"));
    // Other statuses, such as 403, may come from a protection against programs.
    is_client_error || matches!(response.status().as_u16(), 400 | 401 | 422)
}

/// Returns `true` if a registration endpoint returned the error (RFC 7591, section 3.2.2), or if it
/// may be temporary.
fn is_registration_error(error: &Error) -> bool {
    match error {
        Error::ErrorResponse { error: code, .. } => {
            code.starts_with("invalid_") || code == "unapproved_software_statement"
        }
        Error::UnexpectedStatus { .. } | Error::Untrusted { .. } => false,
        _ => true,
    }
}

fn no_registration(endpoint: &Endpoint, issuer: &str) -> Error {
    Error::configuration(format!(
        "{issuer} does not support dynamic client registration; register this application there \
         and set its client ID for {endpoint}"
    ))
}
