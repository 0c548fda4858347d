//! Which scopes to ask for (MCP authorization, "Scope Selection Strategy" and "Step-Up Authorization
//! Flow").

use std::collections::BTreeSet;

use mcp_http::{Challenge, Endpoint, Reason, Unauthorized};

use super::{
    discovery::DiscoveryResult,
    metadata::{AuthorizationServerMetadata, MAX_LIST_ENTRIES},
};
use crate::{error::Error, store::Credentials};

/// How often in a row a sign-in is for more than the one before.
const MAX_STEP_UPS: u32 = 3;
/// What gets a refresh token from servers that list it (OpenID Connect Core 1.0, section 11).
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// Scopes to ask for, and how often they were widened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestedScopes {
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) step_ups: u32,
}

impl RequestedScopes {
    /// For somebody who has asked `before`, if ever, after a refusal, if there was one.
    pub(crate) fn select(
        server: &Endpoint,
        discovered: &DiscoveryResult,
        unauthorized: Option<&Unauthorized>,
        previous: Option<&Credentials>,
    ) -> Result<Self, Error> {
        let challenged = unauthorized.and_then(Unauthorized::challenge).and_then(Challenge::scope);
        let challenged = challenged.map(parse_scopes).filter(|scopes| !scopes.is_empty());
        let insufficient = unauthorized.is_some_and(|it| it.reason == Reason::InsufficientScope);
        if let Some(previous) = previous.filter(|_| insufficient) {
            return Self::step_up(server, challenged.unwrap_or_default(), previous);
        }
        let scopes = match (challenged, &discovered.scopes_supported) {
            (Some(challenged), _) => challenged,
            (None, Some(supported)) => supported.iter().take(MAX_LIST_ENTRIES).cloned().collect(),
            (None, None) => BTreeSet::new(),
        };
        Ok(Self { scopes, step_ups: 0 })
    }

    /// The same with a refresh token, where the authorization server lists what gets one.
    pub(crate) fn with_offline_access(mut self, server: &AuthorizationServerMetadata) -> Self {
        // Without any, the server chooses: it would take this for a choice.
        if !self.scopes.is_empty() && server.supports_scope(OFFLINE_ACCESS) {
            self.scopes.insert(OFFLINE_ACCESS.to_owned());
        }
        self
    }

    fn step_up(
        server: &Endpoint,
        challenged: BTreeSet<String>,
        previous: &Credentials,
    ) -> Result<Self, Error> {
        let already_requested = challenged.is_subset(&previous.requested_scopes);
        if already_requested || previous.step_ups >= MAX_STEP_UPS {
            let scopes = challenged.into_iter().collect();
            return Err(Error::ScopeNotGranted { server: server.clone(), scopes });
        }
        let scopes = previous.requested_scopes.union(&challenged).cloned().collect();
        Ok(Self { scopes, step_ups: previous.step_ups + 1 })
    }
}

/// The scopes of a parameter (OAuth 2.1, section 1.4.1).
pub(crate) fn parse_scopes(scope: &str) -> BTreeSet<String> {
    scope.split_ascii_whitespace().take(MAX_LIST_ENTRIES).map(str::to_owned).collect()
}

/// The parameter for scopes; `None` for none.
pub(crate) fn format_scopes(scopes: &BTreeSet<String>) -> Option<String> {
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    (!scopes.is_empty()).then(|| scopes.join(" "))
}
