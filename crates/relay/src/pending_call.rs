//! Calls that wait until their user signs in.

use std::fmt;

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

/// The maximum number of resumed calls that are remembered.
const CAPACITY: usize = 100_000;

/// A call that did not run because its user must sign in. It is part of an
/// [`AuthorizationError`](crate::AuthorizationError).
///
/// The application may store it until the user has signed in. Then it can be
/// [resumed](crate::User::resume) once. Another process may resume it too, but then the application
/// must make sure that only one process does.
///
/// It contains the arguments of the call, and no token. The application must show it to no other
/// user.
///
/// # Examples
///
/// ```no_run
/// use relay::{AccessToken, Error, PendingCall, Relay, Tool};
///
/// # async fn run(
/// #     relay: Relay,
/// #     tool: Tool,
/// #     token_source: AccessToken,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// if let Err(Error::Authorization(error)) = tool.call(()).await
///     && let Some(pending_call) = &error.pending_call
/// {
///     let stored = serde_json::to_string(pending_call)?;
///
///     // The user signs in and grants `pending_call.scopes`.
///     // Then `token_source` returns the new token.
///     let pending_call: PendingCall = serde_json::from_str(&stored)?;
///     let user = relay.for_user("alice", token_source);
///     let output = user.resume(pending_call).await?;
///     println!("{}", output.text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingCall {
    /// A random id.
    pub id: String,
    /// The server.
    pub server: String,
    /// The name of the tool on its server.
    pub tool: String,
    /// The arguments, as the text of a JSON object.
    pub arguments: String,
    /// The id of the user, if the user has one; see [`Relay::for_user`](crate::Relay::for_user).
    pub user: Option<String>,
    /// True if the call was anonymous: without a user.
    #[serde(default, rename = "nobody")] // tidy: allow "nobody"
    pub(crate) anonymous: bool,
    /// The scopes that the call needs, as the server reports them.
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

    /// Forgets that a call was resumed, so that it can be resumed again.
    pub(crate) fn unmark(&self, id: &str) {
        self.0.remove(id);
    }
}

/// Omits the arguments, which may be private.
impl fmt::Debug for PendingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, scopes, .. } = self;
        let mut debug = f.debug_struct("PendingCall");
        debug.field("server", server).field("tool", tool).field("scopes", scopes);
        debug.finish_non_exhaustive()
    }
}
