//! The token endpoint (OAuth 2.1, section 3.2).

use serde_json::{Value, json};

use super::params::Params;
use crate::{
    auth::authorization::{AuthorizationState, Grant, OAuthEndpoint, OAuthError, TokenPair},
    base::RecordedRequest,
    http::Reply,
};

impl AuthorizationState {
    pub(crate) fn token(&self, request: &RecordedRequest) -> Reply {
        let params = Params::parse(request.body());
        let granted =
            match request.has_media_type("content-type", "application/x-www-form-urlencoded") {
                true => self.issue_tokens(request, &params),
                false => Err(OAuthError::new("invalid_request", "the body is not a form")),
            };
        match granted {
            Ok(response) => Reply::json(&response).header("cache-control", "no-store"),
            Err(error) => {
                // A revoked refresh token is no violation, and neither are the responses to a poll.
                let is_poll = params.get("device_code").is_some() && error.code != "invalid_grant";
                if error.description != "unknown refresh token" && !is_poll {
                    self.record_violation(OAuthEndpoint::Token, &error.description);
                }
                error.reply()
            }
        }
    }

    /// Returns the token response (OAuth 2.1, section 3.2.3).
    pub(crate) fn token_response(&self, grant: &Grant, tokens: TokenPair) -> Value {
        let mut response = json!({
            "access_token": tokens.access,
            "token_type": self.config.token_type,
            "expires_in": self.config.access_token_lifetime.as_secs(),
        });
        if let Some(refresh) = tokens.refresh {
            response["refresh_token"] = json!(refresh);
        }
        if let Some(scope) = &grant.scope {
            response["scope"] = json!(scope);
        }
        response
    }
}
