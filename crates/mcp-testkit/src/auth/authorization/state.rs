//! The state that all requests to an authorization server share.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    client::{Clients, KnownClient},
    config::AuthorizationConfig,
    device::PendingDevice,
    endpoint::OAuthEndpoint,
    issued_tokens::{Grant, IssuedTokens},
    oauth_error::OAuthError,
};
use crate::{
    base::{RecordedRequest, Tasks, lock},
    http::Reply,
};

/// The decision of a user at the authorization endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Decision {
    /// The user approves the request.
    #[default]
    Approve,
    /// The user denies the request. The error is `access_denied`.
    Deny,
    /// The server fails with this error code, such as `server_error`.
    Fail(String),
}

/// The state that the handle and all connections share.
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
    /// The scripted `iss` parameter of authorization responses. `Some(None)` omits it.
    callback_issuer: Option<Option<String>>,
    script: Vec<(OAuthEndpoint, Reply)>,
    requests: Vec<(OAuthEndpoint, RecordedRequest)>,
    violations: Vec<String>,
    /// The `jti` values of the client assertions used so far.
    used_assertions: HashSet<String>,
    devices: HashMap<String, PendingDevice>,
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

    /// Sets the `iss` parameter of authorization responses. `None` omits it.
    pub(crate) fn set_callback_issuer(&self, issuer: Option<String>) {
        self.state().callback_issuer = Some(issuer);
    }

    /// Returns the `iss` parameter of authorization responses.
    pub(crate) fn callback_issuer(&self) -> Option<String> {
        let scripted = self.state().callback_issuer.clone();
        scripted.unwrap_or_else(|| self.config.callback_names_issuer.then(|| self.issuer.clone()))
    }

    pub(crate) fn add_device(&self, code: &str, device: PendingDevice) {
        self.state().devices.insert(code.to_owned(), device);
    }

    /// Returns the grant of a device code if the user decides now, or the error of the poll.
    pub(crate) fn poll_device(&self, code: &str, client_id: &str) -> Result<Grant, OAuthError> {
        let mut state = self.state();
        let device = state.devices.get_mut(code);
        let device = device.filter(|device| device.grant.client_id == client_id);
        let device =
            device.ok_or_else(|| OAuthError::new("invalid_grant", "unknown device code"))?;
        let (has_waited, error) = device.poll();
        let grant = device.grant.clone();
        if !has_waited {
            state.violations.push("token: polled before the end of the interval".to_owned());
        }
        error.map_or(Ok(grant), Err)
    }

    /// Removes a device code, because it was used.
    pub(crate) fn remove_device(&self, code: &str) {
        self.state().devices.remove(code);
    }

    /// Returns `true` if an assertion id is new, and records it.
    pub(crate) fn is_new_assertion(&self, jti: &serde_json::Value) -> bool {
        self.state().used_assertions.insert(jti.to_string())
    }

    /// Returns the subject of a trusted assertion.
    pub(crate) fn subject_of(&self, assertion: &str) -> Option<String> {
        self.config.trusted_assertions.get(assertion).cloned()
    }

    /// Records a violation by a client.
    pub(crate) fn record_violation(&self, endpoint: OAuthEndpoint, what: &str) {
        self.state().violations.push(format!("{endpoint}: {what}"));
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(crate) fn record(&self, endpoint: OAuthEndpoint, request: RecordedRequest) {
        self.state().requests.push((endpoint, request));
    }

    /// Returns the requests to an endpoint, in the order of arrival.
    pub(crate) fn requests(&self, endpoint: OAuthEndpoint) -> Vec<RecordedRequest> {
        let state = self.state();
        let requests = state.requests.iter().filter(|(at, _)| *at == endpoint);
        requests.map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn script(&self, endpoint: OAuthEndpoint, reply: Reply) {
        self.state().script.push((endpoint, reply));
    }

    /// Takes the scripted reply for the next request to an endpoint.
    pub(crate) fn scripted(&self, endpoint: OAuthEndpoint) -> Option<Reply> {
        let mut state = self.state();
        let at = state.script.iter().position(|(scripted, _)| *scripted == endpoint)?;
        Some(state.script.remove(at).1)
    }
}
