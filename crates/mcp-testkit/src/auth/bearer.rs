//! Bearer token validation and the `WWW-Authenticate` challenge (RFC 6750, RFC 9728).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{
    authorization::{IssuedTokens, TokenStatus},
    authorization_server::AuthorizationServer,
};
use crate::{
    base::{RecordedRequest, Token, User, lock},
    http::Reply,
};

/// Bearer authorization (RFC 6750). Every request must have a valid token.
///
/// Each token identifies a user. [`TestServer::renew_token`](crate::TestServer::renew_token) gives
/// a user another token. To a request without a valid token, the server responds with status 401
/// and a challenge with the URL of its resource metadata (RFC 9728). The server publishes that
/// metadata.
///
/// ```
/// use mcp_testkit::{Bearer, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bearer = Bearer::tokens(["alice-token", "bob-token"]).scope("tools:read tools:call");
/// let server = TestServer::builder().bearer(bearer).start().await?;
/// server.revoke_token("alice-token");
/// server.accept_token("carol-token");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Bearer {
    tokens: Vec<Token>,
    scope: Option<String>,
    authorization_servers: Vec<String>,
    issued_tokens: Option<Arc<IssuedTokens>>,
}

/// Validates the bearer tokens of a running server.
#[derive(Debug)]
pub(crate) struct TokenVerifier {
    tokens: Mutex<HashMap<Token, TokenEntry>>,
    required: Option<Bearer>,
    metadata_url: String,
    /// The resource identifier of this server, for which tokens are issued.
    resource: String,
}

#[derive(Debug)]
struct TokenEntry {
    user: User,
    rejection: Option<TokenRejection>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenRejection {
    Expired,
    Revoked,
}

impl Bearer {
    /// Accepts these tokens.
    pub fn tokens<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Self {
        let tokens = tokens.into_iter().map(|token| Token::new(token)).collect();
        Self { tokens, ..Self::default() }
    }

    /// Accepts the access tokens that an authorization server issued for this server, and adds its
    /// issuer to the metadata. The subject of a token is the user. Pass the subject to
    /// [`TestServerBuilder::tools_for`](crate::TestServerBuilder::tools_for).
    pub fn issued_by(server: &AuthorizationServer) -> Self {
        let issued_tokens = Some(server.issued_tokens());
        Self { issued_tokens, ..Self::default() }.authorization_server(server.issuer())
    }

    /// Sets the scopes in the challenge and in the metadata, separated by spaces.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }

    /// Adds an authorization server to the metadata.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }
}

impl TokenVerifier {
    pub(crate) fn new(required: Option<Bearer>, metadata_url: String, resource: String) -> Self {
        let tokens = required.iter().flat_map(|bearer| bearer.tokens.iter().cloned());
        let tokens = tokens
            .map(|token| (token.clone(), TokenEntry::new(User::from_first_token(token))))
            .collect();
        Self { tokens: Mutex::new(tokens), required, metadata_url, resource }
    }

    pub(crate) fn accept(&self, token: &str) {
        let token = Token::new(token);
        let new = || TokenEntry::new(User::from_first_token(token.clone()));
        lock(&self.tokens).entry(token.clone()).or_insert_with(new).rejection = None;
    }

    pub(crate) fn reject(&self, token: &str, rejection: TokenRejection) {
        if let Some(entry) = lock(&self.tokens).get_mut(&Token::new(token)) {
            entry.rejection = Some(rejection);
        }
    }

    /// Expires the token `old` and accepts `new` for the same user.
    pub(crate) fn replace(&self, old: &str, new: &str) {
        let mut tokens = lock(&self.tokens);
        let old = Token::new(old);
        let entry = tokens
            .entry(old.clone())
            .or_insert_with(|| TokenEntry::new(User::from_first_token(old)));
        entry.rejection = Some(TokenRejection::Expired);
        let user = entry.user.clone();
        tokens.insert(Token::new(new), TokenEntry::new(user));
    }

    /// Returns the user of a request. Returns `None` if the server requires no token.
    pub(crate) fn check(&self, request: &RecordedRequest) -> Result<Option<User>, Reply> {
        let Some(bearer) = &self.required else {
            return Ok(None);
        };
        let Some(token) = request.bearer_token() else {
            return Err(self.challenge(bearer, None));
        };
        let reason = match lock(&self.tokens).get(&Token::new(token)) {
            Some(TokenEntry { user, rejection: None }) => return Ok(Some(user.clone())),
            Some(TokenEntry { rejection: Some(TokenRejection::Expired), .. }) => {
                "the access token expired"
            }
            Some(TokenEntry { rejection: Some(TokenRejection::Revoked), .. }) => {
                "the access token was revoked"
            }
            None => match self.status(bearer, token) {
                TokenStatus::Active { subject } => return Ok(Some(User::of(&subject))),
                TokenStatus::Expired => "the access token expired",
                TokenStatus::Revoked => "the access token was revoked",
                TokenStatus::WrongAudience => "the access token is for another server",
                TokenStatus::Unknown => "the access token is unknown",
            },
        };
        Err(self.challenge(bearer, Some(reason)))
    }

    /// Returns the status of a token at the authorization server, if there is one.
    fn status(&self, bearer: &Bearer, token: &str) -> TokenStatus {
        let issued_tokens = bearer.issued_tokens.as_ref();
        issued_tokens.map_or(TokenStatus::Unknown, |issued_tokens| {
            issued_tokens.status(token, &self.resource)
        })
    }

    /// Returns the resource metadata of the server at `resource` (RFC 9728, section 2).
    pub(crate) fn metadata(&self, resource: &str) -> Option<Value> {
        let bearer = self.required.as_ref()?;
        let mut metadata = json!({ "resource": resource, "bearer_methods_supported": ["header"] });
        if !bearer.authorization_servers.is_empty() {
            metadata["authorization_servers"] = json!(bearer.authorization_servers);
        }
        if let Some(scope) = &bearer.scope {
            metadata["scopes_supported"] = scope.split_whitespace().collect();
        }
        Some(metadata)
    }

    /// Returns the 401 challenge. It has no `error` if the request has no token (RFC 6750, section
    /// 3.1).
    fn challenge(&self, bearer: &Bearer, reason: Option<&str>) -> Reply {
        let error =
            reason.map(|reason| [("error", "invalid_token"), ("error_description", reason)]);
        let pointer = ("resource_metadata", self.metadata_url.as_str());
        let scope = bearer.scope.as_deref().map(|scope| ("scope", scope));
        let parameters = error.into_iter().flatten().chain([pointer]).chain(scope);
        let parameters = parameters.map(|(name, value)| format!("{name}={}", quoted(value)));
        Reply::unauthorized(&format!("Bearer {}", parameters.collect::<Vec<_>>().join(", ")))
    }
}

impl TokenEntry {
    fn new(user: User) -> Self {
        Self { user, rejection: None }
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}
