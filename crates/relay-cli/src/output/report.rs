//! Reports of errors, as text and as JSON.

use std::{collections::BTreeMap, error::Error as StdError, path::Path};

use anyhow::Error;
use relay::{AuthorizationError, Error as RelayError, UnauthorizedReason, mcp_client::Truncated};
use serde::Serialize;

use super::{
    exit::Exit,
    printer::{Label, Printer},
    suggestions,
};
use crate::input::{ConnectionArgs, DEFAULT_CONFIG};

/// An error report, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorReport {
    kind: &'static str,
    exit_code: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(rename = "hint", skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    /// True if the tool certainly did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    did_not_run: Option<bool>,
    /// True if a retry may succeed and cannot run a tool twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    /// The seconds that the server asks to wait before the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<AuthorizationDetails>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// The authorization that a server requires.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationDetails {
    endpoint: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
}

impl ErrorReport {
    /// Creates the report of an error. `connection` contains options of the command line.
    pub(crate) fn new(error: &Error, connection: Option<&ConnectionArgs>) -> Self {
        let relay = error.downcast_ref::<RelayError>();
        Self {
            server: relay.and_then(RelayError::server).map(str::to_owned),
            tool: relay.and_then(RelayError::tool).map(str::to_owned),
            causes: causes(error.as_ref()),
            suggestion: suggestions::suggestion_for(error, connection),
            did_not_run: relay.map(RelayError::did_not_run),
            retryable: relay.map(RelayError::retryable),
            retry_after: relay.and_then(RelayError::retry_after).map(|wait| wait.as_secs()),
            authorization: relay.and_then(RelayError::authorization).map(AuthorizationDetails::new),
            ..Self::plain(Exit::from_error(error), message(error, connection))
        }
    }

    /// Creates the report for a tool that reported an error.
    pub(crate) fn tool_error(server: &str, tool: &str) -> Self {
        let message = format!("server \"{server}\": tool \"{tool}\" reported an error");
        let (server, tool) = (Some(server.to_owned()), Some(tool.to_owned()));
        Self { server, tool, ..Self::plain(Exit::Tool, message) }
    }

    /// Creates the report of an error in the command line, from the message of `clap`.
    pub(crate) fn usage_error(text: &str) -> Self {
        let text = text.trim();
        let message = text.strip_prefix("error: ").unwrap_or(text);
        let first = message.split("\n\n").next().unwrap_or(message);
        Self::plain(Exit::Usage, first.to_owned())
    }

    fn plain(exit: Exit, message: String) -> Self {
        Self {
            kind: exit.name(),
            exit_code: exit.code(),
            message,
            server: None,
            tool: None,
            causes: Vec::new(),
            suggestion: None,
            did_not_run: None,
            retryable: None,
            retry_after: None,
            authorization: None,
            exit,
        }
    }

    /// Prints the report to stderr.
    pub(crate) fn print(&self, printer: &Printer) {
        if printer.is_json() {
            printer.print_json_message(&BTreeMap::from([("error", self)]));
            return;
        }
        printer.print_message(Label::Error, &self.message);
        for cause in &self.causes {
            printer.print_message(Label::Cause, cause);
        }
        if let Some(suggestion) = &self.suggestion {
            printer.print_message(Label::Suggestion, suggestion);
        }
    }
}

impl AuthorizationDetails {
    fn new(authorization: &AuthorizationError) -> Self {
        let unauthorized = &authorization.unauthorized;
        let challenge = authorization.challenge();
        let owned = |text: Option<&str>| text.map(|text| Truncated(text).to_string());
        Self {
            endpoint: unauthorized.endpoint.to_string(),
            reason: match unauthorized.reason {
                UnauthorizedReason::Missing => "missing",
                UnauthorizedReason::InsufficientScope => "insufficientScope",
                _ => "rejected",
            },
            scope: owned(challenge.and_then(|challenge| challenge.scope())),
            resource_metadata: owned(challenge.and_then(|challenge| challenge.resource_metadata())),
            error: owned(challenge.and_then(|challenge| challenge.error())),
            error_description: owned(challenge.and_then(|challenge| challenge.error_description())),
        }
    }
}

/// Returns the message of an error. If the error has a position in the configuration file, the
/// message starts with the name of the file. A message that already names the file does not change.
fn message(error: &Error, connection: Option<&ConnectionArgs>) -> String {
    let message = error.to_string();
    match error.downcast_ref::<RelayError>() {
        Some(relay_error @ RelayError::Configuration { position: Some(_), .. })
            if relay_error.to_string() == message =>
        {
            let file = connection.and_then(|connection| connection.config.as_deref());
            format!("{}: {message}", file.unwrap_or(Path::new(DEFAULT_CONFIG)).display())
        }
        _ => message,
    }
}

/// Returns the causes of an error. Omits a cause if the message before it contains its text.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut previous = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !previous.contains(&text) {
            causes.push(text.clone());
            previous = text;
        }
        next = cause.source();
    }
    causes
}
