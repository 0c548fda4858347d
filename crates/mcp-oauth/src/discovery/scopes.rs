//! The choice of scopes to request (MCP authorization, "Scope Selection Strategy" and "Step-Up
//! Authorization Flow").

use std::collections::BTreeSet;

use mcp_http::{Challenge, Endpoint, Unauthorized, UnauthorizedReason};

use super::{
    discovery::DiscoveryResult,
    metadata::{AuthorizationServerMetadata, MAX_LIST_ENTRIES},
};
use crate::{error::Error, store::Credentials};

/// The largest number of consecutive step-up requests.
const MAX_STEP_UPS: u32 = 3;
/// The scope for a refresh token, at servers that list it (OpenID Connect Core 1.0, section 11).
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes to request, and the number of consecutive step-up requests so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestedScopes {
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) step_ups: u32,
    /// Set if the settings determine the scopes, so that no other one is added.
    pub(crate) is_exact: bool,
}

impl RequestedScopes {
    /// Chooses the scopes, with the rejection of a request if there is one. `previous` are the
    /// current credentials.
    ///
    /// `configured` are the scopes of the settings. They replace the scopes that the server names,
    /// and those that it required since the last sign-in.
    pub(crate) fn select(
        server: &Endpoint,
        discovered: &DiscoveryResult,
        configured: Option<&BTreeSet<String>>,
        unauthorized: Option<&Unauthorized>,
        previous: Option<&Credentials>,
    ) -> Result<Self, Error> {
        let challenged = unauthorized.and_then(Unauthorized::challenge).and_then(Challenge::scope);
        let challenged = challenged.map(parse_scopes).filter(|scopes| !scopes.is_empty());
        let insufficient =
            unauthorized.is_some_and(|it| it.reason == UnauthorizedReason::InsufficientScope);
        if let Some(previous) = previous.filter(|_| insufficient) {
            return Self::step_up(server, &challenged.unwrap_or_default(), previous);
        }
        if let Some(configured) = configured {
            return Ok(Self { scopes: configured.clone(), step_ups: 0, is_exact: true });
        }
        if let Some(previous) = previous.filter(|it| !it.challenged_scopes.is_empty()) {
            let scopes = previous.requested_scopes.union(&previous.challenged_scopes).cloned();
            return Ok(Self {
                scopes: scopes.collect(),
                step_ups: previous.step_ups + 1,
                is_exact: false,
            });
        }
        let scopes = match (challenged, &discovered.scopes_supported) {
            (Some(challenged), _) => challenged,
            (None, Some(supported)) => supported.iter().take(MAX_LIST_ENTRIES).cloned().collect(),
            (None, None) => BTreeSet::new(),
        };
        Ok(Self { scopes, step_ups: 0, is_exact: false })
    }

    /// Adds the scope for a refresh token, if the authorization server lists it.
    pub(crate) fn with_offline_access(mut self, server: &AuthorizationServerMetadata) -> Self {
        // If no scopes are requested, the server chooses them. This scope alone would prevent that.
        if !self.is_exact && !self.scopes.is_empty() && server.supports_scope(OFFLINE_ACCESS) {
            self.scopes.insert(OFFLINE_ACCESS.to_owned());
        }
        self
    }

    /// Adds the challenged scopes to those requested before. Returns an error if that cannot help.
    fn step_up(
        server: &Endpoint,
        challenged: &BTreeSet<String>,
        previous: &Credentials,
    ) -> Result<Self, Error> {
        let already_requested = challenged.is_subset(&previous.requested_scopes);
        if already_requested || previous.step_ups >= MAX_STEP_UPS {
            return Err(Error::scope_not_granted(server, challenged));
        }
        let challenged = challenged.union(&previous.challenged_scopes);
        let scopes = challenged.chain(&previous.requested_scopes).cloned().collect();
        Ok(Self { scopes, step_ups: previous.step_ups + 1, is_exact: false })
    }
}

/// Parses a `scope` parameter (OAuth 2.1, section 1.4.1).
pub(crate) fn parse_scopes(scope: &str) -> BTreeSet<String> {
    scope.split_ascii_whitespace().take(MAX_LIST_ENTRIES).map(str::to_owned).collect()
}

/// Formats a `scope` parameter. Returns `None` if there are no scopes.
pub(crate) fn format_scopes(scopes: &BTreeSet<String>) -> Option<String> {
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    (!scopes.is_empty()).then(|| scopes.join(" "))
}
