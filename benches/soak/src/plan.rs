//! The agreement between client and servers: names, tokens, and the commands between them.

use serde::{Deserialize, Serialize};

pub(crate) const USERS: usize = 200;
/// Each fourth user has a token that does not rotate automatically.
const SIGNS_IN: usize = 4;

/// Responds with JSON.
pub(crate) const JSON: usize = 0;
/// Responds with event streams.
pub(crate) const SSE: usize = 1;
/// Has faults: lost sessions, broken streams, late responses, restarts.
pub(crate) const FAULTY: usize = 2;
/// Supports only stateless protocol versions.
pub(crate) const STATELESS: usize = 3;
/// The child process.
pub(crate) const STDIO: usize = 4;

/// The names of all servers. The HTTP servers come first.
pub(crate) const NAMES: [&str; 5] = ["json", "sse", "faulty", "stateless", "stdio"];
pub(crate) const HTTP_SERVERS: usize = 4;

/// The resource that changes all the time.
pub(crate) const RESOURCE: &str = "soak://changes";

/// Returns the token of a user for one server. It is valid until the next generation.
pub(crate) fn token(server: usize, user: usize, generation: u64) -> String {
    format!("{}.{user}.{generation}", NAMES[server])
}

/// Returns whether the user must sign in again after each rotation.
pub(crate) fn signs_in(user: usize) -> bool {
    user.is_multiple_of(SIGNS_IN)
}

/// Returns the user of a token.
pub(crate) fn user_of(token: &str) -> Option<usize> {
    token.split('.').nth(1)?.parse().ok()
}

/// Returns the server that a token is for.
pub(crate) fn server_of(token: &str) -> Option<usize> {
    let name = token.split('.').next()?;
    NAMES.iter().position(|known| *known == name)
}

/// Returns the description of a user's tool.
pub(crate) fn description(server: usize, user: usize) -> String {
    format!("the tool of user {user} on {}", NAMES[server])
}

/// A command of the client, one line of JSON. Each gets one [`Reply`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Expires the token of a user on a server, and accepts that of the next generation.
    Rotate {
        server: usize,
        user: usize,
    },
    /// Returns which of these calls have run. By their errors, they have not.
    WhichRan {
        numbers: Vec<u64>,
    },
    Report,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Listening { urls: Vec<String> },
    Rotated { generation: u64 },
    Ran { numbers: Vec<u64> },
    Report(ServerReport),
}

/// The state of all HTTP servers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServerReport {
    pub(crate) connections: usize,
    pub(crate) streams: usize,
    pub(crate) sessions: SessionCounts,
    /// The number of calls that ran.
    pub(crate) ran: u64,
    /// Calls that ran twice, requests with tokens of another server, and protocol violations since
    /// the last report.
    pub(crate) problems: Vec<String>,
}

/// The numbers of sessions that are open on the servers.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct SessionCounts {
    pub(crate) open: usize,
    /// The open ones whose DELETE failed for a known reason: the user signs in again for a new token,
    /// and the old one had expired, or the server had a fault.
    pub(crate) end_failed: usize,
    /// The open ones that the client does not know: it has not sent `notifications/initialized`.
    pub(crate) unknown: usize,
}

/// The structured content of a result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) server: String,
    pub(crate) user: usize,
    pub(crate) number: u64,
    /// The number of runs of this call, including this one.
    pub(crate) runs: u32,
}
