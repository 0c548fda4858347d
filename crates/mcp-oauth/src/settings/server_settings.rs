//! The settings for the sign-ins at one MCP server.

use std::collections::BTreeSet;

use crate::error::Error;

/// The parameters of an authorization request that other settings or the protocol determine.
const RESERVED_PARAMETERS: [&str; 11] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "prompt",
    "redirect_uri",
    "request_uri",
    "resource",
    "response_type",
    "scope",
    "state",
];

/// Settings for the sign-ins at one MCP server, for servers that deviate from the specification.
///
/// The methods whose names start with `dangerously` weaken a security check, for this server only.
///
/// # Examples
///
/// ```
/// use mcp_oauth::{OAuthClient, ServerSettings};
///
/// fn main() -> Result<(), mcp_oauth::Error> {
///     // Google issues a refresh token only for this parameter.
///     let settings = ServerSettings::new()
///         .scopes(["https://www.googleapis.com/auth/drive.readonly"])
///         .authorization_parameter("access_type", "offline")
///         .prompt("consent");
///     let application = OAuthClient::builder("Our application", "https://app.example/callback")
///         .server_settings("https://mcp.example.com/mcp", settings)
///         .build()?;
///     println!("{application:?}");
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServerSettings {
    pub(crate) scopes: Option<BTreeSet<String>>,
    pub(crate) authorization_parameters: Vec<(String, String)>,
    pub(crate) prompt: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) authorization_server: Option<String>,
    pub(crate) accepted_issuers: Vec<String>,
    pub(crate) assumes_pkce: bool,
}

impl ServerSettings {
    /// Creates settings that follow the specification.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the scopes to request, instead of those that the server names. No other scope is added,
    /// not even `offline_access`. Step-up still adds the scopes of the challenge.
    pub fn scopes<T: Into<String>>(self, scopes: impl IntoIterator<Item = T>) -> Self {
        Self { scopes: Some(scopes.into_iter().map(Into::into).collect()), ..self }
    }

    /// Adds a parameter to each authorization request, such as `access_type` or `audience`.
    pub fn authorization_parameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.authorization_parameters.push((name.into(), value.into()));
        self
    }

    /// Sets the `prompt` parameter of authorization requests (OpenID Connect Core 1.0, section
    /// 3.1.2.1). An empty text omits the parameter.
    ///
    /// Defaults to `consent` if the scope `offline_access` is requested from an OpenID provider,
    /// which must ignore the scope otherwise (section 11), and to no parameter in all other cases.
    /// Omit it for providers that reject users who may not consent themselves.
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        Self { prompt: Some(prompt.into()), ..self }
    }

    /// Sets the `resource` parameter (RFC 8707), instead of the one that the server names.
    pub fn resource(self, resource: impl Into<String>) -> Self {
        Self { resource: Some(resource.into()), ..self }
    }

    /// Omits the `resource` parameter (RFC 8707), for authorization servers that reject it.
    ///
    /// The access token may then be valid at other servers, which this MCP server could call with it.
    pub fn dangerously_omit_resource(self) -> Self {
        self.resource("")
    }

    /// Sets the issuer of the authorization server to use, if the MCP server names several or none.
    pub fn authorization_server(self, issuer: impl Into<String>) -> Self {
        Self { authorization_server: Some(issuer.into()), ..self }
    }

    /// Accepts metadata and authorization responses that name this issuer, although the MCP server
    /// names another one. Call this method once for each issuer.
    ///
    /// An authorization server could use this to impersonate another one (RFC 9207).
    pub fn dangerously_accept_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.accepted_issuers.push(issuer.into());
        self
    }

    /// Sets whether to assume that the authorization server supports PKCE with S256, although its
    /// metadata does not list it. Defaults to `false`.
    ///
    /// If it does not, an attacker who intercepts an authorization code can use it.
    pub fn dangerously_assume_pkce(self, assumes_pkce: bool) -> Self {
        Self { assumes_pkce, ..self }
    }

    /// Returns an error if a setting is invalid.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let reserved = self
            .authorization_parameters
            .iter()
            .find(|(name, _)| RESERVED_PARAMETERS.contains(&name.as_str()));
        match reserved {
            Some((name, _)) => Err(Error::configuration(format!(
                "the authorization parameter {name:?} cannot be set; it has a setting of its own, \
                 or the protocol determines it"
            ))),
            None => Ok(()),
        }
    }
}
