//! A hook that stops an agent's run if the user must sign in.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use relay::AuthorizationError;
use rig_agent::agent::{AgentHook, HookContext, OutcomeAction, OutcomeEvent};

use crate::outcome::authorization;

/// A hook that stops an agent's run if a tool requires the user to sign in. The model does not see
/// the error. The application then calls [`SignIn::take`].
///
/// Clones share their state. Use one hook for each run.
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
///         errors => println!("sign in to {}, then try again", errors[0].server),
///     },
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct SignIn(Arc<Mutex<Vec<AuthorizationError>>>);

impl SignIn {
    /// Removes and returns the authorization errors of the run, each with its pending call.
    /// Empty if the run ended for another reason.
    pub fn take(&self) -> Vec<AuthorizationError> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AgentHook for SignIn {
    async fn on_outcome(&self, _: &HookContext, event: OutcomeEvent<'_>) -> OutcomeAction {
        let error = event.tool_result().and_then(|result| result.error());
        let Some(error) = error.and_then(authorization) else { return OutcomeAction::proceed() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(error.clone());
        OutcomeAction::stop("the user must sign in")
    }
}
