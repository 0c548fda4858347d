//! Which revisions of the handshake era are spoken here, and what a server says to them.

use mcp_types::{Era, ErrorObject, Revision};
use serde_json::Value;

use crate::error::Error;

/// The newest revision of this era, which `initialize` offers.
pub(crate) const OFFERED: Revision = Revision::V2025_11_25;

/// The server's choice of version is judged against all that are spoken here, not against the one
/// that was offered (MCP basic/lifecycle, "Version Negotiation").
pub(crate) fn spoken(version: &str) -> Option<Revision> {
    spoken_here().find(|revision| revision.as_str() == version)
}

/// No revision is shared with a server that speaks these.
pub(crate) fn unshared(server: Vec<String>) -> Error {
    Error::Version { server, client: spoken_here().collect() }
}

/// Reads an error that lists the versions the server supports as what it is: a refusal of ours.
pub(crate) fn refused(error: Error) -> Error {
    let Error::Rpc { error: ErrorObject { data: Some(data), .. }, .. } = &error else {
        return error;
    };
    let Some(supported) = data.get("supported").and_then(Value::as_array) else { return error };
    unshared(supported.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn spoken_here() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|revision| revision.era() == Era::Handshake)
}
