//! An error as tests show it: its whole chain, and what it says of itself.

use std::error::Error;

use super::secrets::assert_free_of_secrets;

/// An error that says what can be done about it.
pub(crate) trait Failure: Error + 'static {
    /// Kind, whether the request did not run, whether it may be tried again.
    fn facts(&self) -> String;
}

impl Failure for mcp_client::Error {
    fn facts(&self) -> String {
        let kind = match self.transport_kind() {
            Some(kind) => format!("{kind:?}"),
            None => variant(self),
        };
        format!("{kind}{}", did_not_run(self.did_not_run()))
    }
}

impl Failure for mcp_http::Error {
    fn facts(&self) -> String {
        variant(self)
    }
}

impl Failure for relay::Error {
    fn facts(&self) -> String {
        let kind = match self {
            Self::Transport { kind, .. } => format!("Transport {kind:?}"),
            Self::OutcomeUnknown { kind, .. } => format!("OutcomeUnknown {kind:?}"),
            Self::Authorization(refused) => {
                format!("Authorization {:?}", refused.unauthorized.reason)
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

/// The messages of an error and its causes, one a line, then its [facts](Failure::facts).
///
/// Fails where any form of the error shows a token.
#[track_caller]
pub(crate) fn failure(error: &impl Failure) -> String {
    let mut lines = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        lines.push(format!("  {source}"));
        assert_free_of_secrets(&format!("{source:?}"));
        next = source.source();
    }
    lines.push(format!("-> {}", error.facts()));
    let shown = lines.join("\n");
    assert_free_of_secrets(&format!("{shown}{error:?}{error:#?}"));
    without_machine(&shown)
}

/// The error of an outcome that has to be one.
#[track_caller]
pub(crate) fn outcome<T>(outcome: Result<T, impl Failure>) -> String {
    match outcome {
        Ok(_) => "it went well".to_owned(),
        Err(error) => failure(&error),
    }
}

/// The text without ports and numbers of system errors.
fn without_machine(text: &str) -> String {
    let text = cut(text, "http://127.0.0.1:", "[server]");
    cut(&text, "(os error ", "(os error ")
}

/// Puts `with` in the place of each `what` and the digits after it.
fn cut(text: &str, what: &str, with: &str) -> String {
    let mut parts = text.split(what);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.fold(first, |text, part| text + with + part)
}
