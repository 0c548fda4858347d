//! Errors as tests show them: the messages of the whole chain, and a summary.

use std::error::Error;

use super::secrets::assert_no_secrets;

/// An error with a one-line summary.
pub(crate) trait ErrorReport: Error + 'static {
    /// The kind, whether the request did not run, and whether it is retryable.
    fn summary(&self) -> String;
}

impl ErrorReport for mcp_client::Error {
    fn summary(&self) -> String {
        let kind = match self.transport_kind() {
            Some(kind) => format!("{kind:?}"),
            None => variant(self),
        };
        format!("{kind}{}", did_not_run(self.did_not_run()))
    }
}

impl ErrorReport for mcp_http::Error {
    fn summary(&self) -> String {
        variant(self)
    }
}

impl ErrorReport for relay::Error {
    fn summary(&self) -> String {
        let kind = match self {
            Self::Transport { kind, .. } => format!("Transport {kind:?}"),
            Self::OutcomeUnknown { kind, .. } => format!("OutcomeUnknown {kind:?}"),
            Self::Authorization(error) => {
                format!("Authorization {:?}", error.unauthorized.reason)
            }
            _ => variant(self),
        };
        let retryable = if self.retryable() { ", retryable" } else { "" };
        format!("{kind}{}{retryable}", did_not_run(self.did_not_run()))
    }
}

fn did_not_run(did_not_run: bool) -> &'static str {
    if did_not_run { ", did not run" } else { "" }
}

fn variant(error: &impl Error) -> String {
    format!("{error:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// The messages of an error and its causes, one per line, then its [summary](ErrorReport::summary).
///
/// Panics if any form of the error contains a token.
#[track_caller]
pub(crate) fn describe_error(error: &impl ErrorReport) -> String {
    let mut lines = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        lines.push(format!("  {source}"));
        assert_no_secrets(&format!("{source:?}"));
        next = source.source();
    }
    lines.push(format!("-> {}", error.summary()));
    let shown = lines.join("\n");
    assert_no_secrets(&format!("{shown}{error:?}{error:#?}"));
    normalize(&shown)
}

/// Describes the error of a result. A success is described as "it went well".
#[track_caller]
pub(crate) fn describe_result<T>(result: Result<T, impl ErrorReport>) -> String {
    match result {
        Ok(_) => "it went well".to_owned(),
        Err(error) => describe_error(&error),
    }
}

/// Replaces what differs from run to run: ports, and numbers of system errors.
fn normalize(text: &str) -> String {
    let text = replace_number(text, "http://127.0.0.1:", "[server]");
    replace_number(&text, "(os error ", "(os error ")
}

/// Replaces each `what` and the digits after it by `with`.
fn replace_number(text: &str, what: &str, with: &str) -> String {
    let mut parts = text.split(what);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.fold(first, |text, part| text + with + part)
}
