//! The choice of a client registration (MCP authorization, "Client Registration").

use mcp_http::Endpoint;

use super::state::ClientState;
use crate::{
    discovery::AuthorizationServerMetadata,
    error::Error,
    http::NetworkZone,
    registration::PreregisteredClient,
    store::{ClientRegistration, Record, StoreKey, TokenEndpointAuthMethod},
};

impl ClientState {
    /// Returns the registration to use at an authorization server.
    ///
    /// Tries, in the order of the specification, a pre-registered client, a client ID metadata
    /// document, and dynamic registration.
    pub(crate) async fn registration(
        &self,
        endpoint: &Endpoint,
        server: &AuthorizationServerMetadata,
        scope: Option<&str>,
    ) -> Result<ClientRegistration, Error> {
        let redirect_uri = &self.client_metadata.redirect_uri;
        let key = StoreKey::new(None, endpoint.url().as_str(), &server.issuer);
        if let Some(client) = self.preregistered.get(endpoint.url().as_str()) {
            let registration = client.registration(server, Some(redirect_uri))?;
            self.check_issuer(client, &key, &registration).await?;
            return Ok(registration);
        }
        if let Some(url) = &self.client_metadata_url
            && server.client_id_metadata_document_supported
        {
            return Ok(self.metadata_document_registration(url.clone(), server));
        }
        if let Some(Record::Registration(known)) = self.load_readable(&key).await?
            && known.is_valid_for(redirect_uri)
        {
            return Ok(known);
        }
        let zone = NetworkZone::of(endpoint);
        let new = self.client_metadata.register(&self.http, server, zone, scope).await?;
        let new = new.ok_or_else(|| no_registration(endpoint, &server.issuer))?;
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

    /// Returns an error if a pre-registered client would be used at another authorization server
    /// than its own. If its own is not configured, it is the first one that the client is used at.
    async fn check_issuer(
        &self,
        client: &PreregisteredClient,
        key: &StoreKey,
        registration: &ClientRegistration,
    ) -> Result<(), Error> {
        let own_issuer = match &client.issuer {
            Some(issuer) => Some(issuer.clone()),
            None => {
                let keys = self.keys(None, &key.server).await?;
                let mut found = None;
                for other in keys {
                    if let Some(Record::Registration(stored)) = self.load(&other).await?
                        && stored.client_id == client.id
                    {
                        found = Some(other.issuer);
                    }
                }
                found
            }
        };
        match own_issuer {
            Some(issuer) if issuer != key.issuer => Err(Error::configuration(format!(
                "client {:?} is registered with {issuer}, but the server uses {}",
                client.id, key.issuer,
            ))),
            Some(_) if client.issuer.is_some() => Ok(()),
            // The secret is in the configuration, so the store does not need it.
            _ => {
                let public = ClientRegistration { client_secret: None, ..registration.clone() };
                self.save(key, &Record::Registration(public)).await
            }
        }
    }

    fn metadata_document_registration(
        &self,
        client_id: String,
        server: &AuthorizationServerMetadata,
    ) -> ClientRegistration {
        let by_key = TokenEndpointAuthMethod::PrivateKeyJwt;
        let has_key = self.client_metadata_key.is_some() && by_key.is_supported_by(server);
        ClientRegistration {
            client_id,
            client_secret: None,
            secret_expires_at: None,
            auth_method: if has_key { by_key } else { TokenEndpointAuthMethod::None },
            redirect_uri: Some(self.client_metadata.redirect_uri.clone()),
        }
    }
}

fn no_registration(endpoint: &Endpoint, issuer: &str) -> Error {
    Error::configuration(format!(
        "{issuer} does not support dynamic client registration; register this application there \
         and set its client ID for {endpoint}"
    ))
}
