//! The settings for sign-ins at one MCP server.

use std::{collections::BTreeSet, net::Ipv6Addr};

use url::{Host, Url};

use super::{
    auth_method::TokenEndpointAuthMethod, invalid_setting::InvalidOAuthSetting, secret::Secret,
};

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

/// Settings for the sign-ins at one MCP server: its client, and what deviates from the
/// specification.
///
/// This is plain data, which a token source reads. The transports of this crate do not use it.
///
/// The methods whose names start with `dangerously` weaken a security check, for this server only.
/// The names of the methods are those of the keys in `relay.toml`.
///
/// # Examples
///
/// ```
/// use mcp_http::OAuthSettings;
///
/// // Google issues a refresh token only for this parameter.
/// let settings = OAuthSettings::new()
///     .client_id("our-app")
///     .client_secret("s3cret")
///     .scopes(["https://www.googleapis.com/auth/drive.readonly"])
///     .authorization_parameter("access_type", "offline")
///     .prompt("consent");
/// assert!(settings.validate().is_ok());
/// assert!(!format!("{settings:?}").contains("s3cret"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct OAuthSettings {
    /// See [`client_id`](Self::client_id).
    pub client_id: Option<String>,
    /// See [`client_secret`](Self::client_secret).
    pub client_secret: Option<Secret>,
    /// See [`token_endpoint_auth_method`](Self::token_endpoint_auth_method).
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// See [`scopes`](Self::scopes).
    pub scopes: Option<BTreeSet<String>>,
    /// See [`authorization_parameter`](Self::authorization_parameter).
    pub authorization_parameters: Vec<(String, String)>,
    /// See [`prompt`](Self::prompt).
    pub prompt: Option<String>,
    /// See [`resource`](Self::resource). Empty if the parameter is omitted.
    pub resource: Option<String>,
    /// See [`redirect_host`](Self::redirect_host).
    pub redirect_host: Option<String>,
    /// See [`redirect_port`](Self::redirect_port).
    pub redirect_port: Option<u16>,
    /// See [`authorization_server`](Self::authorization_server).
    pub authorization_server: Option<String>,
    /// See [`metadata_url`](Self::metadata_url).
    pub metadata_url: Option<String>,
    /// See [`endpoints`](Self::endpoints).
    pub authorization_endpoint: Option<String>,
    /// See [`endpoints`](Self::endpoints).
    pub token_endpoint: Option<String>,
    /// See [`allow_hosts`](Self::allow_hosts).
    pub allow_hosts: Vec<String>,
    /// See [`dangerously_allow_insecure_http`](Self::dangerously_allow_insecure_http).
    pub dangerously_allow_insecure_http: bool,
    /// See [`dangerously_assume_pkce`](Self::dangerously_assume_pkce).
    pub dangerously_assume_pkce: bool,
    /// See [`dangerously_accept_issuers`](Self::dangerously_accept_issuers).
    pub dangerously_accept_issuers: Vec<String>,
}

impl OAuthSettings {
    /// Creates settings that follow the specification.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the ID of a client that is registered by hand. Defaults to a client that registers
    /// automatically.
    ///
    /// Without a secret, it is a public client.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        Self { client_id: Some(id.into()), ..self }
    }

    /// Sets the secret of the client.
    pub fn client_secret(self, secret: impl Into<Secret>) -> Self {
        Self { client_secret: Some(secret.into()), ..self }
    }

    /// Sets the authentication method of the client at the token endpoint. No other one is tried,
    /// whatever the metadata of the authorization server lists.
    pub fn token_endpoint_auth_method(self, method: TokenEndpointAuthMethod) -> Self {
        Self { token_endpoint_auth_method: Some(method), ..self }
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

    /// Sets the host of the redirect URI, `localhost` or `127.0.0.1`, for clients that are registered
    /// with it. Defaults to that of the application.
    ///
    /// It applies only to applications whose redirect URI is on this machine.
    pub fn redirect_host(self, host: impl Into<String>) -> Self {
        Self { redirect_host: Some(host.into()), ..self }
    }

    /// Sets the port of the redirect URI, for clients that are registered with it. Defaults to that
    /// of the application, which must listen on the port.
    ///
    /// It applies only to applications whose redirect URI is on this machine.
    pub fn redirect_port(self, port: u16) -> Self {
        Self { redirect_port: Some(port), ..self }
    }

    /// Sets the issuer of the authorization server to use, if the MCP server names several or none.
    ///
    /// If the MCP server names others only, sign-ins fail.
    pub fn authorization_server(self, issuer: impl Into<String>) -> Self {
        Self { authorization_server: Some(issuer.into()), ..self }
    }

    /// Sets the URL of the metadata of the authorization server (RFC 8414), if it is at none of the
    /// well-known places. The authorization servers that the MCP server names are then not used.
    ///
    /// The issuer is that of the metadata, which must be the
    /// [`authorization_server`](Self::authorization_server) if that is set.
    pub fn metadata_url(self, url: impl Into<String>) -> Self {
        Self { metadata_url: Some(url.into()), ..self }
    }

    /// Sets the endpoints of an authorization server without metadata. The authorization servers
    /// that the MCP server names are then not used.
    ///
    /// The issuer is the [`authorization_server`](Self::authorization_server), or the origin of the
    /// token endpoint. No metadata says that the server supports PKCE, so
    /// [`dangerously_assume_pkce`](Self::dangerously_assume_pkce) is required, too.
    pub fn endpoints(self, authorization: impl Into<String>, token: impl Into<String>) -> Self {
        let (authorization_endpoint, token_endpoint) =
            (Some(authorization.into()), Some(token.into()));
        Self { authorization_endpoint, token_endpoint, ..self }
    }

    /// Allows hosts on a private network or on this machine, for sign-ins at this server.
    ///
    /// By default, URLs on private networks are rejected, because servers name them. The hosts of
    /// the MCP server itself, and of the URLs in these settings, are allowed.
    ///
    /// A host is a host name or an IP address, without a scheme, a port or a path.
    pub fn allow_hosts<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.allow_hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Sets whether the requests of sign-ins may be sent over plain HTTP to other hosts. If so,
    /// anyone on the network can read the tokens and the client secret. Defaults to `false`.
    pub fn dangerously_allow_insecure_http(self, allowed: bool) -> Self {
        Self { dangerously_allow_insecure_http: allowed, ..self }
    }

    /// Sets whether to assume that the authorization server supports PKCE with S256, although its
    /// metadata does not list it. Defaults to `false`.
    ///
    /// If it does not, an attacker who intercepts an authorization code can use it.
    pub fn dangerously_assume_pkce(self, assumed: bool) -> Self {
        Self { dangerously_assume_pkce: assumed, ..self }
    }

    /// Accepts metadata and authorization responses that name these issuers, although the MCP server
    /// names another one.
    ///
    /// An authorization server could use this to impersonate another one (RFC 9207).
    pub fn dangerously_accept_issuers<T: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = T>,
    ) -> Self {
        self.dangerously_accept_issuers.extend(issuers.into_iter().map(Into::into));
        self
    }

    /// Returns `true` if the settings say where the authorization server is, so that the MCP server
    /// is not asked.
    pub fn locate_authorization_server(&self) -> bool {
        self.metadata_url.is_some() || self.token_endpoint.is_some()
    }

    /// Checks the settings. Sends nothing.
    ///
    /// # Errors
    ///
    /// Returns the first setting that is invalid, or that another one contradicts.
    pub fn validate(&self) -> Result<(), InvalidOAuthSetting> {
        self.check_client()?;
        self.check_urls()?;
        self.allowed_hosts()?;
        if self.redirect_host.as_deref().is_some_and(|it| it != "localhost" && it != "127.0.0.1") {
            let reason = "expected \"localhost\" or \"127.0.0.1\"";
            return Err(InvalidOAuthSetting::new("redirect_host", reason));
        }
        let names = self.authorization_parameters.iter().map(|(name, _)| name);
        match names.into_iter().find(|name| RESERVED_PARAMETERS.contains(&name.as_str())) {
            Some(name) => Err(InvalidOAuthSetting::new(
                "authorization_parameters",
                format!(
                    "{name:?} cannot be set; it has a setting of its own, or the protocol determines \
                     it"
                ),
            )),
            None => Ok(()),
        }
    }

    fn check_client(&self) -> Result<(), InvalidOAuthSetting> {
        let method = self.token_endpoint_auth_method;
        let is_set = |setting, is_set: bool| is_set.then_some(setting);
        let needs_id = is_set("client_secret", self.client_secret.is_some())
            .or(is_set("token_endpoint_auth_method", method.is_some()));
        if let Some(setting) = needs_id.filter(|_| self.client_id.is_none()) {
            return Err(InvalidOAuthSetting::new(setting, "requires \"client_id\""));
        }
        if method == Some(TokenEndpointAuthMethod::PrivateKeyJwt) {
            let reason = "\"private_key_jwt\" requires a private key, which only code can set";
            return Err(InvalidOAuthSetting::new("token_endpoint_auth_method", reason));
        }
        if let Some(method) = method
            && method.needs_secret() != self.client_secret.is_some()
        {
            let reason = match method.needs_secret() {
                true => format!("\"{}\" requires \"client_secret\"", method.as_str()),
                false => "\"none\" is for clients without \"client_secret\"".to_owned(),
            };
            return Err(InvalidOAuthSetting::new("token_endpoint_auth_method", reason));
        }
        Ok(())
    }

    fn check_urls(&self) -> Result<(), InvalidOAuthSetting> {
        for (setting, url) in self.urls() {
            let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
            if !Url::parse(url).is_ok_and(|url| is_http(&url)) {
                return Err(InvalidOAuthSetting::new(setting, "expected a URL with https"));
            }
        }
        if self.authorization_endpoint.is_some() != self.token_endpoint.is_some() {
            let (setting, other) = match self.token_endpoint {
                Some(_) => ("token_endpoint", "authorization_endpoint"),
                None => ("authorization_endpoint", "token_endpoint"),
            };
            return Err(InvalidOAuthSetting::new(setting, format!("requires \"{other}\"")));
        }
        match self.metadata_url.is_some() && self.token_endpoint.is_some() {
            true => Err(InvalidOAuthSetting::new(
                "metadata_url",
                "set either \"metadata_url\", or \"authorization_endpoint\" and \"token_endpoint\"",
            )),
            false => Ok(()),
        }
    }

    /// Returns the URLs of the settings, with their names.
    fn urls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let urls = [
            ("authorization_server", &self.authorization_server),
            ("metadata_url", &self.metadata_url),
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
        ];
        urls.into_iter().filter_map(|(setting, url)| Some((setting, url.as_deref()?)))
    }

    /// Returns the hosts of [`allow_hosts`](Self::allow_hosts) and of the URLs in these settings, as
    /// URLs have them: in lower case, and an IPv6 address in brackets.
    ///
    /// # Errors
    ///
    /// Returns an error if a host is not a host name or an IP address.
    pub fn allowed_hosts(&self) -> Result<BTreeSet<String>, InvalidOAuthSetting> {
        let host = |url: &str| Some(Ok(Url::parse(url).ok()?.host()?.to_string()));
        let named = self.urls().filter_map(|(_, url)| host(url));
        self.allow_hosts.iter().map(|host| normalize_host(host)).chain(named).collect()
    }
}

fn normalize_host(text: &str) -> Result<String, InvalidOAuthSetting> {
    let host = match text.parse::<Ipv6Addr>() {
        Ok(address) => Some(Host::Ipv6(address)),
        // Patterns are not supported, although they parse as names.
        Err(_) => Host::parse(text).ok().filter(|_| !text.contains('*')),
    };
    host.map(|host| host.to_string()).ok_or_else(|| {
        let reason = format!(
            "invalid host {text:?}: expected a host name or an IP address, without a scheme, a port \
             or a path"
        );
        InvalidOAuthSetting::new("allow_hosts", reason)
    })
}

#[cfg(test)]
mod tests {
    use super::{TokenEndpointAuthMethod as Method, *};

    #[test]
    fn normalizes_allowed_hosts_as_urls_do() {
        for (text, normalized) in [
            ("Login.Example", "login.example"),
            ("10.0.0.1", "10.0.0.1"),
            ("fd00::1", "[fd00::1]"),
            ("[fd00::1]", "[fd00::1]"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(normalize_host(text).unwrap(), normalized);
        }
        for text in ["", "https://login.example", "login.example:8443", "login.example/x", "*.x"] {
            let error = OAuthSettings::new().allow_hosts([text]).validate().unwrap_err();
            assert_eq!(error.setting, "allow_hosts", "{text:?}");
        }
        let settings = OAuthSettings::new()
            .allow_hosts(["a.example"])
            .authorization_server("https://[fd00::2]:8443/realm")
            .endpoints("https://b.example/a", "http://10.0.0.2/t");
        let expected = ["10.0.0.2", "[fd00::2]", "a.example", "b.example"];
        assert_eq!(Vec::from_iter(settings.allowed_hosts().unwrap()), expected);
    }

    #[test]
    fn an_invalid_setting_is_named() {
        let new = OAuthSettings::new;
        let with_id = || new().client_id("c");
        for (settings, expected) in [
            (new().client_secret("s3cret"), "\"client_secret\": requires \"client_id\""),
            (
                new().token_endpoint_auth_method(Method::None),
                "\"token_endpoint_auth_method\": requires \"client_id\"",
            ),
            (
                with_id().token_endpoint_auth_method(Method::ClientSecretBasic),
                "\"token_endpoint_auth_method\": \"client_secret_basic\" requires \"client_secret\"",
            ),
            (
                with_id().client_secret("s3cret").token_endpoint_auth_method(Method::None),
                "\"token_endpoint_auth_method\": \"none\" is for clients without \"client_secret\"",
            ),
            (
                with_id().token_endpoint_auth_method(Method::PrivateKeyJwt),
                "\"token_endpoint_auth_method\": \"private_key_jwt\" requires a private key",
            ),
            (new().metadata_url("x"), "\"metadata_url\": expected a URL with https"),
            (
                new().authorization_server("ftp://a.example"),
                "\"authorization_server\": expected a URL with https",
            ),
            (new().redirect_host("a.example"), "\"redirect_host\": expected \"localhost\" or"),
            (
                new()
                    .endpoints("https://a.example/", "https://a.example/")
                    .metadata_url("https://a/"),
                "\"metadata_url\": set either",
            ),
            (
                OAuthSettings { token_endpoint: Some("https://a.example/".to_owned()), ..new() },
                "\"token_endpoint\": requires \"authorization_endpoint\"",
            ),
            (
                OAuthSettings {
                    authorization_endpoint: Some("https://a.example/".to_owned()),
                    ..new()
                },
                "\"authorization_endpoint\": requires \"token_endpoint\"",
            ),
            (
                new().authorization_parameter("state", "x"),
                "\"authorization_parameters\": \"state\" cannot be set",
            ),
        ] {
            let error = settings.validate().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!format!("{error} {settings:?}").contains("s3cret"), "{error}");
        }
        let method =
            with_id().client_secret("s").token_endpoint_auth_method(Method::ClientSecretPost);
        assert_eq!(method.validate(), Ok(()));
        assert_eq!("client_secret_post".parse(), Ok(Method::ClientSecretPost));
        assert!("client_secret_jwt".parse::<Method>().is_err());
    }
}
