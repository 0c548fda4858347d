//! The kinds of errors, and those that are expected.

use relay::{Error, FailureKind, Unauthorized, mcp_client};

use super::findings::chain;
use crate::plan::{FAULTY, NAMES};

/// Returns the kind of an error, without texts that differ from error to error.
pub(crate) fn kind(error: &Error) -> String {
    match error {
        Error::Configuration { reason, .. } if reason.starts_with("removed or replaced") => {
            REPLACED.to_owned()
        }
        Error::Authorization(_) => AUTHORIZATION.to_owned(),
        Error::OutcomeUnknown { kind, .. } => format!("{}; may have run", of(*kind)),
        Error::Transport { kind, .. } => of(*kind),
        Error::ToolDefinition { source, .. } => format!("no tool list: {source}"),
        other => other.to_string(),
    }
}

/// Returns the kind of an error of the typed client.
pub(crate) fn client_kind(error: &mcp_client::Error) -> String {
    // The kind of the innermost error, without the address and the details.
    if Unauthorized::find_in(error).is_some() {
        return AUTHORIZATION.to_owned();
    }
    let text = chain(error);
    let known = CLIENT_KINDS.iter().find(|(part, _)| text.contains(part));
    known.map_or(text.clone(), |(_, kind)| (*kind).to_owned())
}

/// Parts of the messages of the typed client, and the kinds of these errors.
const CLIENT_KINDS: [(&str, &str); 7] = [
    ("no response within", "timed out"),
    ("cannot resume", "connection closed"),
    ("has ended", "session lost"),
    ("HTTP status 502", "HTTP status 502"),
    ("HTTP status 503", "HTTP status 503"),
    ("was lost", "connection closed"),
    ("cannot connect", "cannot connect"),
];

fn of(kind: FailureKind) -> String {
    kind.to_string()
}

/// The server was replaced between the list and the call.
pub(crate) const REPLACED: &str = "server replaced";
/// The user must sign in.
pub(crate) const AUTHORIZATION: &str = "authorization required";

/// The errors of the faulty server. Each follows from one of its faults.
const OF_FAULTS: [&str; 11] = [
    "cannot connect",
    "connection closed",
    "connection closed; may have run",
    "timed out",
    "timed out; may have run",
    "HTTP status 502",
    "HTTP status 502; may have run",
    "HTTP status 503",
    "HTTP status 503; may have run",
    "protocol error; may have run",
    // A list is read again once, and then the new session may be lost too.
    "session lost",
];

/// Returns whether a server may cause this kind of error. `signs_in` says whether its user has a
/// token that does not rotate automatically.
pub(crate) fn is_expected(server: usize, kind: &str, signs_in: bool) -> bool {
    let without_method = kind.split_once(": ").map_or(kind, |(_, kind)| kind);
    let by_fault = server == FAULTY && OF_FAULTS.contains(&without_method);
    kind == REPLACED || (signs_in && without_method == AUTHORIZATION) || by_fault
}

/// Returns the name of a server and the kind of its error.
pub(crate) fn label(server: usize, kind: &str) -> String {
    format!("{}: {kind}", NAMES[server])
}
