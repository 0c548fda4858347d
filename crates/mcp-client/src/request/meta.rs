//! The parameters and the `_meta` object of a request, for all protocol versions.

use mcp_types::{
    JsonObject,
    v2026_07_28::{ClientCapabilities, Implementation, InputResponses, LoggingLevel},
};
use serde::{Serialize, Serializer};

use super::options::CallOptions;

/// `params` on the wire.
#[derive(Serialize)]
pub(crate) struct Params<'a, P> {
    #[serde(flatten)]
    pub(crate) params: &'a P,
    #[serde(flatten)]
    pub(crate) input: Option<&'a InputParams>,
    #[serde(rename = "_meta", skip_serializing_if = "Meta::is_empty")]
    pub(crate) meta: Meta<'a>,
}

/// The input for a repeated request (MCP 2026-07-28, basic/patterns/mrtr).
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InputParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_responses: Option<InputResponses>,
    /// The state from the server, sent back unchanged. Left out if the server sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_state: Option<String>,
}

/// `params._meta` on the wire.
#[derive(Default, Serialize)]
pub(crate) struct Meta<'a> {
    #[serde(rename = "progressToken", skip_serializing_if = "Option::is_none")]
    pub(crate) progress_token: Option<i64>,
    #[serde(flatten)]
    pub(crate) envelope: Option<Envelope<'a>>,
    #[serde(rename = "io.modelcontextprotocol/logLevel", skip_serializing_if = "Option::is_none")]
    pub(crate) log_level: Option<&'a LoggingLevel>,
    #[serde(flatten)]
    pub(crate) caller: Option<CallerMeta<'a>>,
}

/// The members of `_meta` that the stateless versions require in every request.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    pub(crate) version: &'static str,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(crate) capabilities: &'a ClientCapabilities,
    #[serde(rename = "io.modelcontextprotocol/clientInfo")]
    pub(crate) client: &'a Implementation,
}

/// Additional members of `_meta` that the caller has set.
pub(crate) struct CallerMeta<'a>(&'a JsonObject);

impl<'a> CallerMeta<'a> {
    pub(crate) fn of(options: Option<&'a CallOptions>) -> Option<Self> {
        options.map(|options| &options.meta).filter(|meta| !meta.is_empty()).map(Self)
    }
}

impl Serialize for CallerMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The members that only the client itself may set.
        const RESERVED: [&str; 5] = [
            "progressToken",
            "io.modelcontextprotocol/protocolVersion",
            "io.modelcontextprotocol/clientCapabilities",
            "io.modelcontextprotocol/clientInfo",
            "io.modelcontextprotocol/logLevel",
        ];
        let own = self.0.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
        serializer.collect_map(own)
    }
}

impl Meta<'_> {
    fn is_empty(&self) -> bool {
        self.progress_token.is_none()
            && self.envelope.is_none()
            && self.log_level.is_none()
            && self.caller.is_none()
    }
}
