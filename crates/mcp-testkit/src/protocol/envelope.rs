//! Validation of `_meta` and of the headers of stateless requests.

use mcp_types::{Era, ErrorObject, JsonObject, Revision, error_code, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::exchange::Exchange;
use crate::{
    base::{ParamValue, RecordedRequest, SESSION, decode_value, param_headers, severity},
    catalog::EntryKind,
    http::Reply,
    state::RETRY_MEMBERS,
};

pub(crate) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

impl Exchange<'_> {
    /// Checks the metadata and the standard headers of a request (MCP basic, "`_meta`"; transports,
    /// "Protocol Version Header" and "Standard Request Headers").
    pub(crate) fn check_request_metadata(
        &self,
        method: &str,
        params: &JsonObject,
    ) -> Result<(), Reply> {
        for header in [SESSION, "last-event-id"] {
            if self.request.header(header).is_some() {
                self.record_violation(format_args!(
                    "header {header:?} not allowed in stateless protocol versions"
                ));
            }
        }
        let version = self.check_meta(params)?;
        self.check_header("mcp-protocol-version", version)?;
        let revision = version.parse::<Revision>();
        let mut supported = self.server.config.supported(Era::Stateless);
        if revision.is_err() || !supported.any(|it| Ok(it) == revision) {
            return Err(self.unsupported_version(&json!(version)));
        }
        self.check_header("mcp-method", method)?;
        self.check_id()?;
        let named = match method {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            _ => {
                for member in RETRY_MEMBERS.iter().filter(|member| params.contains_key(**member)) {
                    self.record_violation(format_args!(
                        "parameter {member:?} not allowed for this method"
                    ));
                }
                return Ok(());
            }
        };
        match params.get(named).and_then(Value::as_str) {
            Some(name) => self.check_encoded_header("mcp-name", Some(name)),
            // The method reports a missing or invalid parameter.
            None => Ok(()),
        }
    }

    /// Checks the parameter headers of a tool call (MCP transports, "Custom Headers").
    pub(crate) fn check_param_headers(&self, params: &JsonObject) -> Result<(), Reply> {
        let name = params.get("name").and_then(Value::as_str);
        let find = |name| self.server.catalog.find(self.user.as_ref(), EntryKind::Tool, name);
        let Some(tool) = name.and_then(find) else {
            return Ok(());
        };
        let schema = tool.definition.get("inputSchema").unwrap_or(&Value::Null);
        match param_headers(schema) {
            Err(fault) => {
                self.record_violation(format_args!("call of an invalid tool: {fault}"));
            }
            Ok(param_headers) => {
                let arguments = params.get("arguments").unwrap_or(&Value::Null);
                for param in param_headers {
                    let header = format!("mcp-param-{}", param.name.to_ascii_lowercase());
                    self.check_param_header(&header, param.value(arguments))?;
                }
            }
        }
        Ok(())
    }

    fn check_param_header(&self, header: &str, argument: ParamValue) -> Result<(), Reply> {
        let present = self.request.headers().contains_key(header);
        match argument {
            ParamValue::Text(text) if present => self.check_encoded_header(header, Some(&text)),
            // This is not a violation, because a client with an older schema omits the header.
            ParamValue::Text(_) => Err(self.error_reply(
                400,
                error_code::HEADER_MISMATCH,
                format_args!("missing header {header:?}"),
            )),
            ParamValue::Absent if present => self.check_encoded_header(header, None),
            ParamValue::Absent | ParamValue::Invalid => Ok(()),
        }
    }

    /// Rejects a protocol version and lists the supported ones.
    pub(crate) fn unsupported_version(&self, requested: &Value) -> Reply {
        let supported = &self.server.config.revisions;
        let supported = supported.iter().map(|revision| revision.as_str()).collect::<Vec<_>>();
        let error = ErrorObject {
            code: error_code::UNSUPPORTED_PROTOCOL_VERSION,
            message: "Unsupported protocol version".to_owned(),
            data: Some(json!({ "supported": supported, "requested": requested })),
        };
        self.error_object_reply(400, &error)
    }

    /// Checks that no other request in flight has the same id (MCP basic, "Requests"). Ids must be
    /// unique for each client only, so this requires `assume_single_client`.
    fn check_id(&self) -> Result<(), Reply> {
        let Some(id) = self.request.id().filter(|_| self.server.config.assume_single_client) else {
            return Ok(());
        };
        let is_stateless =
            |other: &RecordedRequest| other.meta().is_some_and(|it| it.contains_key(VERSION));
        let has_same_id =
            |other: &RecordedRequest| is_stateless(other) && other.id().as_ref() == Some(&id);
        if self.server.in_flight.count(has_same_id) > 1 {
            let what = format_args!("id {id} already in use by a pending request");
            return Err(self.reject(400, error_code::INVALID_REQUEST, what));
        }
        self.check_progress_token(is_stateless);
        Ok(())
    }

    /// Returns the protocol version of the request.
    fn check_meta<'p>(&self, params: &'p JsonObject) -> Result<&'p str, Reply> {
        let meta = |key| params.get("_meta").and_then(|meta| meta.get(key));
        let version = meta(VERSION).and_then(Value::as_str);
        let missing = [
            (VERSION, version.is_some()),
            (CAPABILITIES, meta(CAPABILITIES).is_some_and(Value::is_object)),
            (CLIENT_INFO, meta(CLIENT_INFO).is_none_or(is_implementation)),
            (LOG_LEVEL, meta(LOG_LEVEL).is_none_or(is_level)),
        ];
        let missing = missing.into_iter().find_map(|(key, right)| (!right).then_some(key));
        match (missing, version) {
            (None, Some(version)) => Ok(version),
            (missing, _) => {
                let error = self.invalid_params(&format!("_meta[{}]", missing.unwrap_or(VERSION)));
                Err(self.error_object_reply(400, &error))
            }
        }
    }

    /// Checks a header that must equal a value of the body.
    fn check_header(&self, header: &str, expected: &str) -> Result<(), Reply> {
        match self.request.single_header(header) {
            Some(value) if value == expected => Ok(()),
            Some(value) => Err(self.header_mismatch(format_args!(
                "header {header:?}: expected {expected:?}, got {value:?}"
            ))),
            None => {
                Err(self.header_mismatch(format_args!("header {header:?} missing or duplicate")))
            }
        }
    }

    /// Checks a header that must equal a value of the body. It may be encoded in base64.
    fn check_encoded_header(&self, header: &str, expected: Option<&str>) -> Result<(), Reply> {
        match self.request.single_header(header).map(decode_value) {
            None => {
                Err(self.header_mismatch(format_args!("header {header:?} missing or duplicate")))
            }
            Some(Err(fault)) => {
                Err(self.header_mismatch(format_args!("header {header:?}: {fault}")))
            }
            Some(Ok(value)) if Some(&*value) == expected => Ok(()),
            Some(Ok(_)) => {
                Err(self.header_mismatch(format_args!("header {header:?} does not match the body")))
            }
        }
    }

    fn header_mismatch(&self, what: impl std::fmt::Display) -> Reply {
        self.reject(400, error_code::HEADER_MISMATCH, what)
    }
}

fn is_level(level: &Value) -> bool {
    level.as_str().is_some_and(|level| severity(&LoggingLevel::from(level)).is_some())
}

fn is_implementation(info: &Value) -> bool {
    ["name", "version"].into_iter().all(|member| info.get(member).is_some_and(Value::is_string))
}
