//! The state that all requests to an authorization server share.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    client::{Clients, KnownClient},
    config::AuthorizationConfig,
    endpoint::OAuthEndpoint,
    issued_tokens::IssuedTokens,
};
use crate::{
    base::{Recorded, Tasks, lock},
    http::Reply,
};

/// What a person who comes with a browser does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Decision {
    /// Lets the application in.
    #[default]
    Approve,
    /// Refuses: `access_denied`.
    Refuse,
    /// Meets a server that fails with this error code, such as `server_error`.
    Fail(String),
}

/// What the handle and all connections share.
pub(crate) struct AuthorizationState {
    pub(crate) issuer: String,
    pub(crate) config: AuthorizationConfig,
    pub(crate) issued_tokens: Arc<IssuedTokens>,
    state: Mutex<State>,
    pub(crate) tasks: Tasks,
}

#[derive(Default)]
struct State {
    clients: Clients,
    decision: Decision,
    /// What answers name as their issuer, in place of the truth.
    answered_issuer: Option<Option<String>>,
    script: Vec<(OAuthEndpoint, Reply)>,
    requests: Vec<(OAuthEndpoint, Recorded)>,
    violations: Vec<String>,
    /// The ids of the assertions that clients have proved themselves with.
    used_assertions: HashSet<String>,
}

impl AuthorizationState {
    pub(crate) fn new(
        issuer: String,
        config: AuthorizationConfig,
        clients: Vec<KnownClient>,
    ) -> Self {
        let clients = clients.into_iter().map(|client| (client.id.clone(), client)).collect();
        Self {
            issuer,
            config,
            issued_tokens: Arc::default(),
            state: Mutex::new(State { clients, ..State::default() }),
            tasks: Tasks::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn client(&self, id: &str) -> Option<KnownClient> {
        self.state().clients.get(id).cloned()
    }

    pub(crate) fn add_client(&self, client: KnownClient) {
        self.state().clients.insert(client.id.clone(), client);
    }

    pub(crate) fn forget_clients(&self) {
        self.state().clients.clear();
    }

    pub(crate) fn set_decision(&self, decision: Decision) {
        self.state().decision = decision;
    }

    pub(crate) fn decision(&self) -> Decision {
        self.state().decision.clone()
    }

    /// Sets the issuer that answers name, in place of the truth.
    pub(crate) fn set_answered_issuer(&self, issuer: Option<String>) {
        self.state().answered_issuer = Some(issuer);
    }

    /// The issuer that answers name.
    pub(crate) fn answered_issuer(&self) -> Option<String> {
        let scripted = self.state().answered_issuer.clone();
        scripted.unwrap_or_else(|| self.config.names_issuer.then(|| self.issuer.clone()))
    }

    /// Whether an assertion of this id is the first one.
    pub(crate) fn is_new_assertion(&self, jti: &serde_json::Value) -> bool {
        self.state().used_assertions.insert(jti.to_string())
    }

    /// Whom a trusted assertion is about.
    pub(crate) fn subject_of(&self, assertion: &str) -> Option<String> {
        self.config.trusted_assertions.get(assertion).cloned()
    }

    /// Remembers what a client did wrong.
    pub(crate) fn record_violation(&self, endpoint: OAuthEndpoint, what: &str) {
        self.state().violations.push(format!("{endpoint}: {what}"));
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(crate) fn record(&self, endpoint: OAuthEndpoint, request: Recorded) {
        self.state().requests.push((endpoint, request));
    }

    /// The requests to an endpoint, in the order of their arrival.
    pub(crate) fn requests(&self, endpoint: OAuthEndpoint) -> Vec<Recorded> {
        let state = self.state();
        let requests = state.requests.iter().filter(|(at, _)| *at == endpoint);
        requests.map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn script(&self, endpoint: OAuthEndpoint, reply: Reply) {
        self.state().script.push((endpoint, reply));
    }

    /// Takes the reply that is scripted for the next request to an endpoint.
    pub(crate) fn scripted(&self, endpoint: OAuthEndpoint) -> Option<Reply> {
        let mut state = self.state();
        let at = state.script.iter().position(|(scripted, _)| *scripted == endpoint)?;
        Some(state.script.remove(at).1)
    }
}
