//! The keys of a server in `relay.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::schema;

/// One server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::by_transport)]
pub(crate) struct Entry {
    /// What carries messages; `stdio` where there is a `command`, else `http`.
    #[schemars(with = "Option<Kind>")]
    pub(crate) transport: Option<Spanned<Kind>>,
    /// The URL of the MCP endpoint of a server on HTTP.
    #[schemars(with = "Option<String>", extend("pattern" = r"^https?:|\$\{"))]
    pub(crate) url: Option<Spanned<String>>,
    /// A bearer token for calls on behalf of no user.
    #[schemars(with = "Option<String>")]
    pub(crate) api_key: Option<Spanned<String>>,
    /// Headers to send with each request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) headers: BTreeMap<String, Spanned<String>>,
    /// The time for one request, in seconds.
    #[schemars(with = "Option<f64>", extend("exclusiveMinimum" = 0))]
    pub(crate) timeout: Option<Spanned<f64>>,
    /// `auto`, or the one revision of the protocol to speak.
    #[schemars(with = "Option<String>", transform = schema::revisions)]
    pub(crate) protocol: Option<Spanned<String>>,
    /// Sends tokens over plain HTTP to other machines too, where anyone on the way can read them.
    #[schemars(with = "Option<bool>")]
    pub(crate) dangerously_allow_insecure_http: Option<Spanned<bool>>,
    /// Whether a toolset without this server is none.
    #[serde(default)]
    pub(crate) required: bool,
    /// Patterns of the tools to offer, in which `*` stands for anything; all unless set.
    pub(crate) allow_tools: Option<Vec<String>>,
    /// Patterns of the tools not to offer.
    #[serde(default)]
    pub(crate) deny_tools: Vec<String>,
    // For servers on stdio: see `command`.
    /// The program to start, or a list that begins with it.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::program)]
    pub(crate) command: Option<Spanned<Value>>,
    /// The arguments of the program.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub(crate) args: Option<Spanned<Vec<Spanned<Value>>>>,
    /// Variables of the program's environment.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) env: BTreeMap<String, Spanned<String>>,
    /// Variables to pass on to the program.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) inherit_env: Option<Spanned<Vec<String>>>,
    /// The folder that the program works in.
    #[schemars(with = "Option<String>")]
    pub(crate) cwd: Option<Spanned<String>>,
    /// Seconds without a call until the program is ended; 0 keeps it.
    #[schemars(with = "Option<f64>", extend("minimum" = 0))]
    pub(crate) idle_timeout: Option<Spanned<f64>>,
    /// Seconds that the program may leave the first request unanswered.
    #[schemars(with = "Option<f64>", extend("exclusiveMinimum" = 0))]
    pub(crate) probe_timeout: Option<Spanned<f64>>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Http,
    Sse,
    Stdio,
}
