//! Calls that wait for their user to sign in.

use std::fmt;

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

/// The most resumed calls that are remembered.
const CAPACITY: usize = 100_000;

/// A call that did not run because its user has to sign in; part of
/// [`AuthorizationError`](crate::AuthorizationError).
///
/// It can be stored while the user is away, and be [resumed](crate::User::resume) once: by this
/// process, or by another one, which then has to see to it that no other does so too. It holds no
/// token, but the arguments of the call, so it is for the eyes of its user alone.
///
/// ```no_run
/// # async fn run(relay: relay::Relay, tool: relay::Tool, source: relay::AccessToken) {
/// use relay::{Error, PendingCall};
///
/// if let Err(Error::Authorization(refused)) = tool.call(()).await
///     && let Some(ticket) = &refused.pending_call
/// {
///     let stored = serde_json::to_string(ticket).expect("texts alone");
///     // The user signs in for `ticket.scopes`; the source gives the new token.
///     let ticket: PendingCall = serde_json::from_str(&stored).expect("what was stored");
///     let output = relay.for_user("alice", source).resume(ticket).await;
/// }
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingCall {
    /// Tells tickets apart; random.
    pub id: String,
    /// The server.
    pub server: String,
    /// The tool, by the server's name for it.
    pub tool: String,
    /// The arguments, a JSON object.
    pub arguments: String,
    /// The id of the user, where the application knows the user by one.
    pub user: Option<String>,
    /// Whether the call was on behalf of no user.
    #[serde(default, rename = "nobody")]
    pub(crate) anonymous: bool,
    /// The scopes that the server says the call needs.
    pub scopes: Vec<String>,
}

/// The ids of the calls that were resumed.
pub(crate) struct ResumedCalls(Cache<String, ()>);

impl ResumedCalls {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// Marks a call as resumed. Returns whether it was not marked before.
    pub(crate) fn mark_resumed(&self, id: &str) -> bool {
        let mut first = false;
        let marked = self.0.get_or_insert_with(id, || {
            first = true;
            Ok::<(), ()>(())
        });
        marked.is_ok() && first
    }

    pub(crate) fn unmark(&self, id: &str) {
        self.0.remove(id);
    }
}

/// Shows no arguments, which may be private.
impl fmt::Debug for PendingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, scopes, .. } = self;
        let mut shown = f.debug_struct("PendingCall");
        shown.field("server", server).field("tool", tool).field("scopes", scopes);
        shown.finish_non_exhaustive()
    }
}
