//! The sign-in of a user, from the authorization request to the code exchange (OAuth 2.1, section
//! 4.1).

use std::collections::BTreeSet;

use mcp_http::{Challenge, Endpoint, Unauthorized, mcp_client::Truncated};
use url::Url;

use super::{
    client::OAuthClient, detached::run_to_completion, event::ConnectionChange,
    registration::rejects, state::ClientState, user_tokens::UserTokens,
};
use crate::{
    authorization::{AuthorizationRequest, PendingSignIn},
    clock::now,
    crypto::{Secret, random_text},
    discovery::{
        AuthorizationServerMetadata, DiscoveryResult, OFFLINE_ACCESS, RequestedScopes,
        format_scopes,
    },
    error::Error,
    http::GuardedClient,
    settings::OAuthSettings,
    store::{Credentials, Record, StoreKey},
    token::DpopKey,
};

/// A sign-in that has begun. Returned by [`UserTokens::begin_sign_in`].
#[derive(Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// The URL to open in the user's browser. It uses HTTPS or is on this machine.
    pub authorization_url: Url,
    /// The state to keep until the callback. Pass it to [`OAuthClient::complete_sign_in`].
    pub pending: PendingSignIn,
}

/// A sign-in that has a client registration.
pub(crate) struct PreparedSignIn {
    pub(crate) request: AuthorizationRequest,
    pub(crate) dpop: Option<DpopKey>,
    /// The scopes to register for.
    pub(crate) scope: Option<String>,
    /// The redirect URI that is registered, if the registration is from the store.
    pub(crate) registered_uri: Option<String>,
}

impl UserTokens {
    /// Begins a sign-in at an MCP server.
    ///
    /// `unauthorized` is the rejection of an earlier request, if there was one. It names the scopes
    /// that the server requires and the URL of its metadata. It is ignored if it is from another
    /// endpoint. A sign-in that is not completed within one hour expires.
    ///
    /// If the MCP server has required further scopes since the last sign-in, this one requests them,
    /// too. They are kept with the credentials, so `unauthorized` need not be passed on.
    ///
    /// A native application keeps its registration although the port of its redirect URI changes.
    /// Before it uses a stored registration, it sends a request to the authorization endpoint, like a
    /// browser. If the authorization server rejects the client or the redirect URI, the application
    /// registers again.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::ScopeNotGranted`] if the server requires a scope that the last sign-in
    ///   requested and did not get, or requires more scopes after each sign-in.
    /// - Returns [`Error::Untrusted`] if the MCP server or its authorization server violates a
    ///   security rule.
    /// - Returns [`Error::Configuration`] if the application must be registered manually, or if its
    ///   pre-registered client belongs to another authorization server.
    /// - Returns [`Error::ErrorResponse`] if the authorization server rejects the client
    ///   registration.
    /// - Returns [`Error::Unreachable`] if a server cannot be reached.
    /// - Returns [`Error::Store`] if the store cannot be read or written.
    pub async fn begin_sign_in(
        &self,
        server: &Endpoint,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<SignIn, Error> {
        let discovered = self.discover(server, unauthorized).await?;
        let sign_in = self.begin_sign_in_at(server, &discovered, unauthorized).await;
        if sign_in.is_err() {
            self.client().discovery.forget(&discovered.authorization_server.issuer);
        }
        sign_in
    }

    /// Discovers the authorization server of an MCP server.
    pub(crate) async fn discover(
        &self,
        server: &Endpoint,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<DiscoveryResult, Error> {
        let unauthorized = unauthorized.filter(|it| it.endpoint == *server);
        let challenge = unauthorized.and_then(Unauthorized::challenge);
        let metadata_url = challenge.and_then(Challenge::resource_metadata);
        self.client().discover(server, metadata_url).await
    }

    async fn begin_sign_in_at(
        &self,
        server: &Endpoint,
        discovered: &DiscoveryResult,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<SignIn, Error> {
        let client = self.client();
        let metadata = &discovered.authorization_server;
        let settings = client.server_settings(server.url().as_str());
        let http = client.http(server);
        let authorization_endpoint = authorization_endpoint(metadata, &http, settings)?;
        let prepared = self.prepare_sign_in(server, discovered, unauthorized, false).await?;
        let PreparedSignIn { mut request, dpop, scope, registered_uri } = prepared;
        let parameters = authorization_parameters(settings, &request.scopes, metadata);
        let url = |request: &AuthorizationRequest| {
            let endpoint = authorization_endpoint.clone();
            request.authorization_url(endpoint, dpop.as_ref(), &parameters)
        };
        // Web applications have many users, so they do not check each time.
        if let Some(registered_uri) = registered_uri.filter(|_| client.client_metadata.is_native) {
            if rejects(&http, url(&request)).await {
                client
                    .forget_rejected(&request.server, &request.issuer, &request.registration)
                    .await;
                let is_other_port =
                    request.registration.redirect_uri.as_ref() != Some(&registered_uri);
                request.registration.redirect_uri = Some(registered_uri);
                let is_port_fixed = is_other_port && !rejects(&http, url(&request)).await;
                request.registration = client
                    .register(server, metadata, scope.as_deref(), is_port_fixed, false)
                    .await?;
            }
            // The authorization server has seen these.
            (request.state, request.verifier) =
                (Secret::new(random_text()), Secret::new(random_text()));
        }
        let authorization_url = url(&request);
        Ok(SignIn { authorization_url, pending: PendingSignIn(Box::new(request)) })
    }

    /// Chooses the scopes and the client registration of a sign-in. `for_device` is set if the user
    /// signs in on another device.
    pub(crate) async fn prepare_sign_in(
        &self,
        server: &Endpoint,
        discovered: &DiscoveryResult,
        unauthorized: Option<&Unauthorized>,
        for_device: bool,
    ) -> Result<PreparedSignIn, Error> {
        let client = self.client();
        let unauthorized = unauthorized.filter(|it| it.endpoint == *server);
        let metadata = &discovered.authorization_server;
        let settings = client.server_settings(server.url().as_str());
        let token_endpoint = checked_token_endpoint(metadata, &client.http(server))?;
        let key = StoreKey::new(Some(self.principal()), server.url().as_str(), &metadata.issuer);
        let previous = match client.load_readable(&key).await? {
            Some(Record::Credentials(previous)) => Some(previous),
            _ => None,
        };
        let requested = RequestedScopes::select(
            server,
            discovered,
            settings.scopes.as_ref(),
            unauthorized,
            previous.as_deref(),
        )?;
        let requested = requested.with_offline_access(metadata);
        let scope = registration_scopes(discovered, &requested);
        let (registration, registered_uri) =
            client.registration(server, metadata, scope.as_deref(), for_device).await?;
        let dpop = client.dpop.then(DpopKey::generate);
        let request = AuthorizationRequest {
            principal: self.principal().to_owned(),
            server: server.url().to_string(),
            resource: discovered.resource.clone(),
            accepted_issuers: accepted_issuers(settings, metadata),
            issuer: metadata.issuer.clone(),
            names_issuer: metadata.authorization_response_iss_parameter_supported,
            state: Secret::new(random_text()),
            verifier: Secret::new(random_text()),
            scopes: requested.scopes,
            step_ups: requested.step_ups,
            registration,
            token_endpoint: token_endpoint.into(),
            revocation_endpoint: metadata.revocation_endpoint.clone(),
            dpop_key: dpop.as_ref().map(|key| key.encoded().clone()),
            begun_at: now(),
        };
        Ok(PreparedSignIn { request, dpop, scope, registered_uri })
    }
}

/// Returns the issuers that the authorization response may name, besides that of the metadata.
fn accepted_issuers(
    settings: &OAuthSettings,
    metadata: &AuthorizationServerMetadata,
) -> Vec<String> {
    let named = (metadata.named_issuer != metadata.issuer).then(|| metadata.named_issuer.clone());
    settings.dangerously_accept_issuers.iter().cloned().chain(named).collect()
}

/// Returns the parameters of an authorization request that the settings determine.
fn authorization_parameters(
    settings: &OAuthSettings,
    scopes: &BTreeSet<String>,
    metadata: &AuthorizationServerMetadata,
) -> Vec<(String, String)> {
    let is_needed = scopes.contains(OFFLINE_ACCESS) && metadata.demands_consent_prompt();
    let default = if is_needed { "consent" } else { "" };
    let prompt = settings.prompt.as_deref().unwrap_or(default);
    let prompt = (!prompt.is_empty()).then(|| ("prompt".to_owned(), prompt.to_owned()));
    prompt.into_iter().chain(settings.authorization_parameters.iter().cloned()).collect()
}

/// Returns the scopes to register for: those of this sign-in, and those that a later one may
/// request.
///
/// Returns `None` if the authorization server lists its scopes, and at least one of these is
/// missing. Some servers list only their own scopes, and reject a registration for the scopes of an MCP server.
fn registration_scopes(
    discovered: &DiscoveryResult,
    requested: &RequestedScopes,
) -> Option<String> {
    let DiscoveryResult { scopes_supported, authorization_server, .. } = discovered;
    let scopes =
        requested.scopes.iter().chain(scopes_supported.iter().flatten()).cloned().collect();
    let is_supported = |scope: &String| {
        authorization_server.scopes_supported.is_none()
            || authorization_server.supports_scope(scope)
    };
    BTreeSet::iter(&scopes).all(is_supported).then(|| format_scopes(&scopes)).flatten()
}

/// Returns the authorization endpoint, if the server supports PKCE with S256 (MCP authorization,
/// "Authorization Code Protection").
fn authorization_endpoint(
    metadata: &AuthorizationServerMetadata,
    http: &GuardedClient,
    settings: &OAuthSettings,
) -> Result<Url, Error> {
    let endpoint = metadata.authorization_endpoint.as_deref();
    let endpoint = endpoint.ok_or_else(|| missing_endpoint(metadata, "authorization endpoint"))?;
    let url = http.check(endpoint)?;
    match settings.dangerously_assume_pkce || metadata.supports_pkce() {
        true => Ok(url),
        false => {
            let missing = match settings.token_endpoint.is_some() {
                true => "no metadata says that it supports PKCE",
                false => {
                    "its metadata does not list \"S256\" in \"code_challenge_methods_supported\", so \
                     it may not support PKCE"
                }
            };
            let allow = "\"dangerously_assume_pkce\" in the settings of the server allows it";
            Err(Error::untrusted(&url, format!("{missing}; {allow}")))
        }
    }
}

fn checked_token_endpoint(
    metadata: &AuthorizationServerMetadata,
    http: &GuardedClient,
) -> Result<Url, Error> {
    let endpoint = metadata.token_endpoint.as_deref();
    http.check(endpoint.ok_or_else(|| missing_endpoint(metadata, "token endpoint"))?)
}

fn missing_endpoint(metadata: &AuthorizationServerMetadata, what: &str) -> Error {
    let reason = format!("its metadata has no {what}");
    Error::Untrusted { url: Truncated(&metadata.issuer).to_string(), reason }
}

impl OAuthClient {
    /// Completes a sign-in. `callback` is the URL of the callback, or its query.
    ///
    /// Exchanges the authorization code for tokens and stores them. From then on the user's
    /// [`UserTokens`] has a token for the MCP server. The exchange completes even if the future is
    /// dropped after the first poll.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::InvalidCallback`] if the callback does not belong to this sign-in, which
    ///   may be an attack.
    /// - Returns [`Error::ErrorResponse`] if the user denied access, or if the authorization server
    ///   returned another error.
    /// - Returns [`Error::Unreachable`] if the token endpoint cannot be reached.
    /// - Returns [`Error::Untrusted`] if the token endpoint or its response violates a security
    ///   rule.
    /// - Returns [`Error::Configuration`] if the client's credentials are missing or invalid.
    /// - Returns [`Error::Store`] if the store cannot be read or written.
    pub async fn complete_sign_in(
        &self,
        pending: PendingSignIn,
        callback: &str,
    ) -> Result<Credentials, Error> {
        let PendingSignIn(request) = pending;
        let code = request.code_from_callback(callback);
        run_to_completion(self.clone().complete(request, code)).await
    }

    async fn complete(
        self,
        request: Box<AuthorizationRequest>,
        code: Result<Secret, Error>,
    ) -> Result<Credentials, Error> {
        let client = &self.state;
        let result = match code {
            Ok(code) => client.exchange_code(&request, &code).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(credentials) => self.store_sign_in(&request, credentials).await,
            // A forged callback says nothing about the authorization server.
            Err(error @ Error::InvalidCallback { .. }) => Err(error),
            Err(error) => Err(client.after_failed_sign_in(&request, error).await),
        }
    }

    /// Stores the credentials of a sign-in.
    pub(crate) async fn store_sign_in(
        &self,
        request: &AuthorizationRequest,
        credentials: Credentials,
    ) -> Result<Credentials, Error> {
        let client = &self.state;
        if credentials.registration.auth_method != request.registration.auth_method {
            client
                .remember_auth_method(&request.server, &request.issuer, &credentials.registration)
                .await;
        }
        let key = StoreKey::new(Some(&request.principal), &request.server, &request.issuer);
        self.user(&request.principal).store_credentials(&key, credentials.clone()).await?;
        let scopes = credentials.granted_scopes.clone();
        client.report(&key, ConnectionChange::Connected { scopes });
        Ok(credentials)
    }
}

impl ClientState {
    /// Forgets what may have caused the error of a sign-in. Returns the error.
    pub(crate) async fn after_failed_sign_in(
        &self,
        request: &AuthorizationRequest,
        error: Error,
    ) -> Error {
        self.discovery.forget(&request.issuer);
        if error.is_client_rejected() {
            self.forget_rejected(&request.server, &request.issuer, &request.registration).await;
        }
        error
    }

    /// Exchanges an authorization code for tokens (OAuth 2.1, section 4.1.3).
    async fn exchange_code(
        &self,
        request: &AuthorizationRequest,
        code: &Secret,
    ) -> Result<Credentials, Error> {
        let server = Endpoint::parse(&request.server);
        let server = server.map_err(|error| Error::configuration(error.to_string()))?;
        let http = self.http(&server);
        let url = http.check(&request.token_endpoint)?;
        let dpop = request.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
        let AuthorizationRequest { issuer, registration, resource, .. } = request;
        let endpoint =
            self.token_endpoint(&http, &request.server, &url, issuer, registration, dpop.as_ref());
        let mut grant = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", registration.redirect_uri.as_deref().unwrap_or_default()),
            ("code_verifier", request.verifier.expose()),
        ];
        grant.extend((!resource.is_empty()).then_some(("resource", resource.as_str())));
        request.credentials(&url, endpoint.request_token(&grant).await?)
    }
}
