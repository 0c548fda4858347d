//! The end of an agent's run where a user has to sign in.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use relay::Authorization;
use rig_agent::agent::{AgentHook, HookContext, OutcomeAction, OutcomeEvent};

use crate::outcome::authorization;

/// A hook that ends an agent's run where a tool wants its user to sign in, before the model is told
/// anything; the application then asks it what to do.
///
/// Clones share what they have seen: one is for the run of one user.
///
/// ```no_run
/// # async fn run(agent: rig_agent::Agent) {
/// use relay_rig::SignIn;
///
/// let sign_in = SignIn::default();
/// match agent.prompt("What is new?").add_hook(sign_in.clone()).await {
///     Ok(response) => println!("{}", response.output()),
///     Err(error) => match &sign_in.take()[..] {
///         [] => println!("{error}"),
///         wanted => println!("sign in for {}, and ask again", wanted[0].server),
///     },
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct SignIn(Arc<Mutex<Vec<Authorization>>>);

impl SignIn {
    /// What the servers have said that want the user to sign in, each with the ticket of the call; none
    /// if the run has ended for another reason. It is forgotten here.
    pub fn take(&self) -> Vec<Authorization> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AgentHook for SignIn {
    async fn on_outcome(&self, _: &HookContext, event: OutcomeEvent<'_>) -> OutcomeAction {
        let error = event.tool_result().and_then(|result| result.error());
        let Some(wanted) = error.and_then(authorization) else { return OutcomeAction::proceed() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(wanted.clone());
        OutcomeAction::stop("a user has to sign in")
    }
}
