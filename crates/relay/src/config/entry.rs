//! The keys of a server in `relay.toml`.

use std::{collections::BTreeMap, num::NonZeroU16};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::schema;

/// The settings of one server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::keys_by_transport)]
pub(crate) struct ServerEntry {
    /// The transport. Defaults to `stdio` if there is a `command`, and to `http` otherwise.
    #[schemars(with = "Option<TransportName>")]
    pub(crate) transport: Option<Spanned<TransportName>>,
    /// The URL of the MCP endpoint. Required for `http` and `sse`.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) url: Option<Spanned<String>>,
    /// The bearer token for anonymous calls. The token of a user takes precedence. Credentials of
    /// another scheme are the header `Authorization`.
    #[schemars(with = "Option<String>")]
    pub(crate) api_key: Option<Spanned<String>>,
    /// The headers that are added to each request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) headers: BTreeMap<String, Spanned<String>>,
    /// The time limit of one request, such as `"30s"`, or in seconds. Defaults to 30 seconds.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::duration_above_zero)]
    pub(crate) timeout: Option<Spanned<Value>>,
    /// The protocol version to use. `auto`, the default, selects one that the server supports.
    #[schemars(with = "Option<String>", transform = schema::protocol_versions)]
    pub(crate) protocol: Option<Spanned<String>>,
    /// Allows tokens over plain HTTP to other machines, also to the authorization server. Anyone on
    /// the network can read them. Defaults to false.
    #[schemars(with = "Option<bool>")]
    pub(crate) dangerously_allow_insecure_http: Option<Spanned<bool>>,
    /// Sends cookies of the server back to it, for each user separately. Defaults to true.
    #[schemars(with = "Option<bool>")]
    pub(crate) cookies: Option<Spanned<bool>>,
    /// The settings for the sign-ins of users at this server.
    #[schemars(with = "Option<OAuthEntry>")]
    pub(crate) oauth: Option<Spanned<OAuthEntry>>,
    /// If true, a toolset fails when this server fails. Defaults to false.
    #[serde(default)]
    pub(crate) required: bool,
    /// If true, the server is used for all users with its own credentials: `api_key`, `headers` or
    /// `env`. The tokens of users are never sent to it. Defaults to false.
    #[serde(default)]
    pub(crate) shared: bool,
    /// The tools to offer, as patterns in which `*` matches any characters. Defaults to all.
    pub(crate) allow_tools: Option<Vec<String>>,
    /// The tools not to offer, as patterns. They are hidden even if `allow_tools` matches them.
    #[serde(default)]
    pub(crate) deny_tools: Vec<String>,
    // The keys below are for stdio servers only.
    /// The program to start, or an array of the program and its arguments. Required for `stdio`.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::command)]
    pub(crate) command: Option<Spanned<Value>>,
    /// The arguments of the program. They follow those of `command`.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub(crate) args: Option<Spanned<Vec<Spanned<Value>>>>,
    /// The environment variables to set for the program.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) env: BTreeMap<String, Spanned<String>>,
    /// The names of the environment variables that the program inherits, in addition to a few
    /// common ones such as `PATH`.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) inherit_env: Option<Spanned<Vec<String>>>,
    /// The working directory of the program. Defaults to that of the application.
    #[schemars(with = "Option<String>")]
    pub(crate) cwd: Option<Spanned<String>>,
    /// The time without a call after which the program is stopped, such as `"5m"`, or in seconds. 0
    /// never stops it.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::duration)]
    pub(crate) idle_timeout: Option<Spanned<Value>>,
    /// The time limit of the first request, such as `"10s"`, or in seconds. After it, the client
    /// tries an older protocol version. Defaults to 10 seconds.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::duration_above_zero)]
    pub(crate) probe_timeout: Option<Spanned<Value>>,
}

/// The name of a transport.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransportName {
    Http,
    Sse,
    Stdio,
}

/// The settings for the sign-ins of users at one server.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = schema::oauth)]
pub(crate) struct OAuthEntry {
    /// The ID of a client that is registered by hand. By default, the client registers
    /// automatically.
    #[schemars(with = "Option<String>")]
    pub(crate) client_id: Option<Spanned<String>>,
    /// The secret of the client. Without it, the client is public.
    #[schemars(with = "Option<String>")]
    pub(crate) client_secret: Option<Spanned<String>>,
    /// The authentication method of the client at the token endpoint. By default, it is one that the
    /// authorization server lists or accepts.
    #[schemars(with = "Option<String>", transform = schema::auth_method)]
    pub(crate) token_endpoint_auth_method: Option<Spanned<String>>,
    /// The scopes to request, instead of those that the server names.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) scopes: Option<Vec<Spanned<String>>>,
    /// More parameters of authorization requests, such as `access_type`.
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) authorization_parameters: BTreeMap<String, Spanned<String>>,
    /// The `prompt` of authorization requests, such as `consent`. An empty text requests none.
    #[schemars(with = "Option<String>")]
    pub(crate) prompt: Option<Spanned<String>>,
    /// The `resource` to request, instead of the one that the server names.
    #[schemars(with = "Option<String>", extend("minLength" = 1))]
    pub(crate) resource: Option<Spanned<String>>,
    /// Omits the `resource`. The token may then be valid at other servers. Defaults to false.
    #[schemars(with = "bool")]
    pub(crate) dangerously_omit_resource: Option<Spanned<bool>>,
    /// The host of the redirect URI on this machine. Defaults to that of the application.
    #[schemars(with = "Option<String>", transform = schema::redirect_host)]
    pub(crate) redirect_host: Option<Spanned<String>>,
    /// The port of the redirect URI on this machine. Defaults to that of the application.
    pub(crate) redirect_port: Option<NonZeroU16>,
    /// The issuer of the authorization server to use, if the server names several or none.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) authorization_server: Option<Spanned<String>>,
    /// The URL of the metadata of the authorization server, if it is at no well-known place.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) metadata_url: Option<Spanned<String>>,
    /// The authorization endpoint of an authorization server without metadata.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) authorization_endpoint: Option<Spanned<String>>,
    /// The token endpoint of an authorization server without metadata.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) token_endpoint: Option<Spanned<String>>,
    /// The hosts on private networks that the sign-in may use. Those of the server and of the URLs
    /// here are allowed.
    #[schemars(with = "Vec<String>")]
    pub(crate) allow_hosts: Vec<Spanned<String>>,
    /// Assumes that the authorization server supports PKCE, although it does not say so. Defaults to
    /// false.
    pub(crate) dangerously_assume_pkce: bool,
    /// Accepts metadata of these issuers, although the server names another one.
    #[schemars(with = "Vec<String>")]
    pub(crate) dangerously_accept_issuers: Vec<Spanned<String>>,
}
