//! What is said of an error, to people and to programs.

use std::{collections::BTreeMap, error::Error as StdError, path::Path};

use anyhow::Error;
use relay::{Authorization, Error as RelayError, Reason};
use serde::Serialize;

use super::{
    exit::Exit,
    printer::{Label, Output},
    suggestions,
};
use crate::input::args::{Access, DEFAULT_CONFIG};

/// An error with all that is to be said of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    kind: &'static str,
    exit_code: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Whether the server surely ran nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    did_not_run: Option<bool>,
    /// Whether trying again may help and cannot run a tool twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Wanted>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// What a server wants of the user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
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

impl Report {
    /// What is to be said of an error; `access` is how the server was to be spoken to.
    pub(crate) fn new(error: &Error, access: Option<&Access>) -> Self {
        let relay = error.downcast_ref::<RelayError>();
        Self {
            server: relay.and_then(RelayError::server).map(str::to_owned),
            tool: relay.and_then(RelayError::tool).map(str::to_owned),
            causes: causes(error.as_ref()),
            hint: suggestions::of(error, access),
            did_not_run: relay.map(RelayError::did_not_run),
            retryable: relay.map(RelayError::retryable),
            authorization: relay.and_then(RelayError::authorization).map(Wanted::new),
            ..Self::plain(Exit::of(error), message(error, access))
        }
    }

    /// A tool that says that it failed.
    pub(crate) fn of_tool(server: &str, tool: &str) -> Self {
        let message = format!("tool `{tool}` of server `{server}` says that it failed");
        let (server, tool) = (Some(server.to_owned()), Some(tool.to_owned()));
        Self { server, tool, ..Self::plain(Exit::Tool, message) }
    }

    /// An unusable command line, in clap's words.
    pub(crate) fn of_usage(text: &str) -> Self {
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
            hint: None,
            did_not_run: None,
            retryable: None,
            authorization: None,
            exit,
        }
    }

    /// Prints it to stderr.
    pub(crate) fn print(&self, output: &Output) {
        if output.is_json() {
            output.json_message(&BTreeMap::from([("error", self)]));
            return;
        }
        output.message(Label::Error, &self.message);
        for cause in &self.causes {
            output.message(Label::Cause, cause);
        }
        if let Some(hint) = &self.hint {
            output.message(Label::Hint, hint);
        }
    }
}

impl Wanted {
    fn new(authorization: &Authorization) -> Self {
        let unauthorized = &authorization.unauthorized;
        let challenge = authorization.challenge();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            endpoint: unauthorized.endpoint.to_string(),
            reason: match unauthorized.reason {
                Reason::Missing => "missing",
                Reason::InsufficientScope => "insufficientScope",
                _ => "rejected",
            },
            scope: owned(challenge.and_then(|challenge| challenge.scope())),
            resource_metadata: owned(challenge.and_then(|challenge| challenge.resource_metadata())),
            error: owned(challenge.and_then(|challenge| challenge.error())),
            error_description: owned(challenge.and_then(|challenge| challenge.error_description())),
        }
    }
}

/// What an error says; of the configuration with the file, unless that is said already.
fn message(error: &Error, access: Option<&Access>) -> String {
    let message = error.to_string();
    match error.downcast_ref::<RelayError>() {
        Some(fault @ RelayError::Configuration { position: Some(_), .. })
            if fault.to_string() == message =>
        {
            let file = access.and_then(|access| access.config.as_deref());
            format!("{}: {message}", file.unwrap_or(Path::new(DEFAULT_CONFIG)).display())
        }
        _ => message,
    }
}

/// What caused an error, without what the one before has said already.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
        next = cause.source();
    }
    causes
}
