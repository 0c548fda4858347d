//! The token endpoint (OAuth 2.1, section 3.2).

use serde_json::{Value, json};

use super::params::Params;
use crate::{
    auth::authorization::{Consent, OAuthEndpoint, Refusal, Shared, Tokens},
    base::Recorded,
    http::Reply,
};

impl Shared {
    pub(crate) fn token(&self, request: &Recorded) -> Reply {
        let params = Params::parse(request.body());
        let granted = match request.names("content-type", "application/x-www-form-urlencoded") {
            true => self.grant(request, &params),
            false => Err(Refusal::new("invalid_request", "the body is not a form")),
        };
        match granted {
            Ok(answer) => Reply::json(&answer).header("cache-control", "no-store"),
            Err(refusal) => {
                // That a refresh token was revoked is not the client's fault.
                if refusal.description != "the refresh token is unknown" {
                    self.note(OAuthEndpoint::Token, &refusal.description);
                }
                refusal.reply()
            }
        }
    }

    /// The answer with tokens (OAuth 2.1, section 3.2.3).
    pub(crate) fn answer(&self, consent: &Consent, tokens: Tokens) -> Value {
        let mut answer = json!({
            "access_token": tokens.access,
            "token_type": "Bearer",
            "expires_in": self.config.life.as_secs(),
        });
        if let Some(refresh) = tokens.refresh {
            answer["refresh_token"] = json!(refresh);
        }
        if let Some(scope) = &consent.scope {
            answer["scope"] = json!(scope);
        }
        answer
    }
}
