//! Tokens without a person: the application acts for itself, or by what others say of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use futures_util::future::BoxFuture;
use mcp_http::{
    AccessToken, Challenge, Endpoint, HttpClient, HttpClientBuilder, Reason, Refused, TokenRequest,
    TokenSource, mcp_client::BoxError,
};
use tokio::sync::Mutex;

use crate::{
    assertion::{AssertionRequest, AssertionSource},
    credentials::{Credentials, TokenType, now},
    discovery::{Discovered, Discovery},
    dpop::DpopKey,
    error::Error,
    registered_client::RegisteredClient,
    scopes::{join, split},
    token_endpoint::TokenEndpoint,
    user_tokens::access_token,
    web::{Realm, Web},
};

/// The tokens of an application that acts without a person, at any server: by its own credentials,
/// or by an assertion of someone whom the authorization server trusts.
///
/// They are kept in memory, for there are always new ones. A server is asked without a token first;
/// its refusal says where to get one. Clones share everything.
///
/// ```no_run
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_http::HttpTransport;
/// use mcp_oauth::{RegisteredClient, ServiceTokens};
///
/// let client = RegisteredClient::new("nightly-report").with_secret("s3cret");
/// let transport = HttpTransport::builder("https://mcp.example.com/mcp")
///     .token_source(ServiceTokens::builder(client).build()?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServiceTokens(Arc<Inner>);

struct Inner {
    client: RegisteredClient,
    assertions: Option<Arc<dyn AssertionSource>>,
    dpop: Option<DpopKey>,
    web: Web,
    discovery: Discovery,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The authorization server that knows the client.
    issuer: Option<String>,
    by_server: BTreeMap<String, (Discovered, Credentials, AccessToken)>,
}

/// Sets up [`ServiceTokens`]; made by [`ServiceTokens::builder`].
#[must_use]
pub struct ServiceTokensBuilder {
    client: RegisteredClient,
    assertions: Option<Arc<dyn AssertionSource>>,
    dpop: bool,
    http: HttpClientBuilder,
    allowed_hosts: BTreeSet<String>,
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl ServiceTokensBuilder {
    /// Trades assertions for tokens (RFC 7523) instead of asking in the client's own name: a workload's
    /// identity, or what a [`TokenExchange`](crate::TokenExchange) gives.
    pub fn assertions(self, source: impl AssertionSource) -> Self {
        Self { assertions: Some(Arc::new(source)), ..self }
    }

    /// Asks for tokens that only this process can use (RFC 9449).
    pub fn dpop(self, dpop: bool) -> Self {
        Self { dpop, ..self }
    }

    /// How to connect to authorization servers, in place of the defaults. What goes through a proxy is
    /// looked up there: the proxy has to keep it away from private networks.
    pub fn http(self, http: HttpClientBuilder) -> Self {
        Self { http, ..self }
    }

    /// A host that may be on a private network, or on this machine, though an MCP server names it.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.insert(host.into());
        self
    }

    /// The source. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if one of the settings is not what it should be.
    pub fn build(self) -> Result<ServiceTokens, Error> {
        let setup = |error: mcp_http::Error| Error::configuration(error.to_string());
        let web = Web::new(self.http, self.allowed_hosts).map_err(setup)?;
        Ok(ServiceTokens(Arc::new(Inner {
            held: Mutex::new(Held { issuer: self.client.issuer.clone(), ..Held::default() }),
            client: self.client,
            assertions: self.assertions,
            dpop: self.dpop.then(DpopKey::generate),
            discovery: Discovery::new(web.clone()),
            web,
        })))
    }
}

impl ServiceTokens {
    /// Begins to set up the tokens of a client.
    pub fn builder(client: RegisteredClient) -> ServiceTokensBuilder {
        ServiceTokensBuilder {
            client,
            assertions: None,
            dpop: false,
            http: HttpClient::builder(),
            allowed_hosts: BTreeSet::new(),
        }
    }
}

impl Inner {
    async fn find(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, Error> {
        let mut held = self.held.lock().await;
        let server = request.endpoint.url().as_str();
        let known = held.by_server.get(server).cloned();
        let known = match (known, &request.refused) {
            (Some((_, credentials, token)), refused)
                if !credentials.is_stale()
                    && refused.is_none_or(|refused| refused.token != Some(&token)) =>
            {
                return Ok(Some(token));
            }
            (None, None) => return Ok(None),
            (known, _) => known,
        };
        let before = known.as_ref().map(|(_, credentials, _)| &credentials.requested_scopes);
        let (discovered, scopes) = match (&known, &request.refused) {
            (Some((discovered, credentials, _)), None) => {
                (discovered.clone(), credentials.requested_scopes.clone())
            }
            (_, Some(refused)) => self.after(request.endpoint, refused, before).await?,
            (None, None) => return Ok(None),
        };
        self.pin(&mut held, &discovered)?;
        let credentials = self.ask(request.endpoint, &discovered, scopes).await?;
        let token = access_token(&credentials)?;
        held.by_server.insert(server.to_owned(), (discovered, credentials, token.clone()));
        Ok(Some(token))
    }

    /// Whom to ask after a refusal, and for which scopes.
    async fn after(
        &self,
        endpoint: &Endpoint,
        refused: &Refused<'_>,
        before: Option<&BTreeSet<String>>,
    ) -> Result<(Discovered, BTreeSet<String>), Error> {
        let challenge = refused.unauthorized.challenge();
        let pointer = challenge.and_then(Challenge::resource_metadata);
        let own = self.client.issuer.as_deref();
        let discovered =
            self.discovery.discover(endpoint, pointer, |issuer| Some(issuer) == own).await?;
        let challenged = challenge.and_then(Challenge::scope).map(split);
        let scopes = match (refused.unauthorized.reason, before, challenged) {
            (Reason::InsufficientScope, Some(before), challenged) => {
                let challenged = challenged.unwrap_or_default();
                if challenged.is_subset(before) {
                    let scopes = challenged.into_iter().collect();
                    return Err(Error::ScopeNotGranted { server: endpoint.clone(), scopes });
                }
                before.union(&challenged).cloned().collect()
            }
            (_, _, Some(challenged)) => challenged,
            _ => discovered.scopes_supported.iter().flatten().cloned().collect(),
        };
        Ok((discovered, scopes))
    }

    /// Fails if the client is about to be shown to another authorization server than its own.
    fn pin(&self, held: &mut Held, discovered: &Discovered) -> Result<(), Error> {
        let issuer = &discovered.server.issuer;
        match held.issuer.get_or_insert_with(|| issuer.clone()) {
            known if known == issuer => Ok(()),
            known => Err(Error::configuration(format!(
                "the client {:?} is registered with {known}, and the server wants tokens by {issuer}",
                self.client.id,
            ))),
        }
    }

    async fn ask(
        &self,
        server: &Endpoint,
        discovered: &Discovered,
        scopes: BTreeSet<String>,
    ) -> Result<Credentials, Error> {
        let Discovered { resource, server: metadata, .. } = discovered;
        let url = metadata.token_endpoint.as_deref().ok_or_else(|| Error::Untrusted {
            url: metadata.issuer.clone(),
            reason: "its metadata names no token endpoint".to_owned(),
        })?;
        let url = self.web.check(url, Realm::of(server))?;
        let registration = self.client.registration(metadata, None)?;
        let endpoint = TokenEndpoint {
            web: &self.web,
            url: &url,
            issuer: &metadata.issuer,
            registration: &registration,
            key: self.client.key.as_deref(),
            dpop: self.dpop.as_ref(),
        };
        let scope = join(&scopes);
        let assertion = match &self.assertions {
            Some(source) => {
                let (audience, scope) = (metadata.issuer.as_str(), scope.as_deref());
                let request = AssertionRequest { audience, resource, scope, web: &self.web };
                let no_assertion = |source| Error::Assertion { source };
                Some(source.assertion(request).await.map_err(no_assertion)?)
            }
            None => None,
        };
        let mut grant = match &assertion {
            Some(assertion) => vec![("grant_type", JWT_BEARER), ("assertion", assertion.expose())],
            None => vec![("grant_type", "client_credentials")],
        };
        grant.push(("resource", resource));
        grant.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let tokens = endpoint.ask(&grant).await?;
        let token_type = tokens.token_type(&url)?;
        if (token_type == TokenType::DPoP) != self.dpop.is_some() {
            return Err(Error::untrusted(&url, "it gives tokens of another type than asked for"));
        }
        Ok(Credentials {
            issuer: metadata.issuer.clone(),
            resource: resource.clone(),
            token_type,
            expires_at: tokens.expires_at(),
            access_token: tokens.access_token,
            refresh_token: None,
            requested_scopes: scopes,
            step_ups: 0,
            issued_at: now(),
            token_endpoint: url.to_string(),
            revocation_endpoint: None,
            dpop_key: self.dpop.as_ref().map(|key| key.kept().clone()),
            registration,
        })
    }
}

impl TokenSource for ServiceTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(async move { Ok(self.0.find(request).await?) })
    }
}

impl fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokens").field("client", &self.0.client.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokensBuilder").finish_non_exhaustive()
    }
}
