//! Calls that wait for their user to sign in.

use std::fmt;

use aws_lc_rs::rand;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    call::{Tool, Tools},
    error::{Authorization, Error},
    tool_output::ToolOutput,
    user::User,
};

/// Tickets that are known to be spent.
const MOST: usize = 100_000;

/// A call that did not run because its user has to sign in; part of [`Authorization`].
///
/// It can be stored while the user is away, and be [resumed](User::resume) once: by this process, or
/// by another one, which then has to see to it that no other does so too. It holds no token, but the
/// arguments of the call, so it is for the eyes of its user alone.
///
/// ```no_run
/// # async fn run(relay: relay::Relay, tool: relay::Tool, source: relay::AccessToken) {
/// use relay::{Error, Ticket};
///
/// if let Err(Error::Authorization(refused)) = tool.call(()).await
///     && let Some(ticket) = &refused.ticket
/// {
///     let stored = serde_json::to_string(ticket).expect("texts alone");
///     // The user signs in for `ticket.scopes`; the source gives the new token.
///     let ticket: Ticket = serde_json::from_str(&stored).expect("what was stored");
///     let output = relay.for_user("alice", source).resume(ticket).await;
/// }
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ticket {
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
    #[serde(default)]
    nobody: bool,
    /// The scopes that the server says the call needs.
    pub scopes: Vec<String>,
}

/// The tickets that were used.
pub(crate) struct Spent(Cache<String, ()>);

impl Ticket {
    /// A ticket for a call that surely did not run.
    pub(crate) fn new(refused: &Authorization, tool: &Tool, arguments: &RawValue) -> Option<Self> {
        let user = &tool.place.user;
        let mut id = [0; 16];
        rand::fill(&mut id).ok().filter(|()| refused.did_not_run)?;
        let scopes =
            refused.challenge().and_then(|challenge| challenge.scope()).unwrap_or_default();
        Some(Self {
            id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            server: tool.server().to_owned(),
            tool: tool.definition().name.clone(),
            arguments: arguments.get().to_owned(),
            user: user.id.as_deref().map(str::to_owned),
            nobody: user.source.is_none(),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        })
    }

    async fn redeem(&self, tools: &Tools) -> Result<ToolOutput, Error> {
        let arguments: &RawValue = match serde_json::from_str(&self.arguments) {
            Ok(arguments) => arguments,
            Err(_) => return Err(self.refused("its arguments are no JSON")),
        };
        match tools.iter().find(|tool| tool.definition().name == self.tool) {
            Some(tool) => tool.call(arguments).await,
            None => tools.call(&self.tool, arguments).await,
        }
    }

    fn refused(&self, reason: &'static str) -> Error {
        let (server, tool) = (self.server.clone(), self.tool.clone());
        Error::ToolCall { server, tool, reason: reason.into(), source: None }
    }
}

impl User {
    /// Makes the call of a ticket, now that the user has signed in. It runs at most once, however
    /// often the ticket is resumed: only a call that surely did not run gives the ticket back.
    ///
    /// # Errors
    /// [`Error::Configuration`] for the ticket of another user, [`Error::ToolCall`] for one that is
    /// used up, else what [`User::tools`] and [`Tool::call`](crate::Tool::call) give.
    pub async fn resume(&self, ticket: Ticket) -> Result<ToolOutput, Error> {
        if ticket.user.as_deref() != self.id.as_deref() || ticket.nobody != self.source.is_none() {
            return Err(Error::configuration(
                Some(&ticket.server),
                "the call is that of another user",
            ));
        }
        let tools = self.tools(&ticket.server).await?;
        let spent = &self.registry.spent;
        if !spent.spend(&ticket.id) {
            return Err(ticket.refused("the call was resumed before"));
        }
        let outcome = ticket.redeem(&tools).await;
        if outcome.as_ref().is_err_and(Error::did_not_run) {
            spent.give_back(&ticket.id);
        }
        outcome
    }
}

impl Spent {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// Whether it was not spent before.
    fn spend(&self, id: &str) -> bool {
        let mut first = false;
        let spent = self.0.get_or_insert_with(id, || {
            first = true;
            Ok::<(), ()>(())
        });
        spent.is_ok() && first
    }

    fn give_back(&self, id: &str) {
        self.0.remove(id);
    }
}

/// Shows no arguments.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, scopes, .. } = self;
        let mut shown = f.debug_struct("Ticket");
        shown.field("server", server).field("tool", tool).field("scopes", scopes);
        shown.finish_non_exhaustive()
    }
}
