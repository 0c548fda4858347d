//! The authorization endpoint and the redirect back to the client (OAuth 2.1, section 4.1).

use url::Url;

use super::params::Params;
use crate::{
    auth::authorization::{
        AuthorizationCode, AuthorizationState, Decision, Grant, OAuthEndpoint, OAuthError,
        ResourceParameter,
    },
    http::Reply,
};

impl AuthorizationState {
    /// Redirects the user to the client, or shows an error page if the redirect URI is not valid.
    pub(crate) fn authorize(&self, query: &str) -> Reply {
        match self.callback_url(query) {
            Ok(callback) => Reply::status(302).header("location", &callback),
            Err(page) => Reply::status(400)
                .header("content-type", "text/plain; charset=utf-8")
                .chunk(page.description),
        }
    }

    /// Returns the redirect to the client, with a code or an error.
    pub(crate) fn callback_url(&self, query: &str) -> Result<String, OAuthError> {
        let params = Params::parse(query.as_bytes());
        let wrong = |what: &str| {
            self.record_violation(OAuthEndpoint::Authorization, what);
            OAuthError::new("invalid_request", what)
        };
        let client = params.get("client_id").and_then(|id| self.client(id));
        let client = client.ok_or_else(|| wrong("unknown client"))?;
        let redirect_uri =
            params.get("redirect_uri").ok_or_else(|| wrong("missing redirect_uri"))?;
        if !client.may_redirect_to(redirect_uri, self.config.any_loopback_port) {
            return Err(wrong("redirect_uri is not registered for the client"));
        }
        let mut callback =
            Url::parse(redirect_uri).map_err(|_| wrong("redirect_uri is not a URL"))?;
        let outcome = self
            .check_authorization_request(&params)
            .and_then(|()| self.authorization_code(&params, redirect_uri));
        let mut query = callback.query_pairs_mut();
        match outcome {
            Ok(code) => query.append_pair("code", &code),
            Err(OAuthError { code, description }) => {
                query.append_pair("error", &code).append_pair("error_description", &description)
            }
        };
        if let Some(state) = params.get("state") {
            query.append_pair("state", state);
        }
        if let Some(iss) = self.callback_issuer() {
            query.append_pair("iss", &iss);
        }
        drop(query);
        Ok(callback.into())
    }

    fn check_authorization_request(&self, params: &Params) -> Result<(), OAuthError> {
        let wrong = |code: &str, what: String| {
            self.record_violation(OAuthEndpoint::Authorization, &what);
            Err(OAuthError::new(code, what))
        };
        if let Some(name) = params.repeated() {
            return wrong("invalid_request", format!("duplicate parameter {name}"));
        }
        if params.get("response_type") != Some("code") {
            return wrong(
                "unsupported_response_type",
                "unsupported response_type: expected code".to_owned(),
            );
        }
        if params.get("code_challenge_method") != Some("S256") {
            return wrong(
                "invalid_request",
                "unsupported code_challenge_method: expected S256".to_owned(),
            );
        }
        if params.get("code_challenge").is_none_or(|challenge| challenge.len() != 43) {
            return wrong(
                "invalid_request",
                "invalid code_challenge: expected 43 characters".to_owned(),
            );
        }
        if params.get("state").is_none() {
            return wrong("invalid_request", "missing state".to_owned());
        }
        match (params.get("resource"), self.config.resource_parameter) {
            (_, ResourceParameter::Ignored) | (None, ResourceParameter::Rejected) => Ok(()),
            (Some(_), ResourceParameter::Rejected) => {
                wrong("invalid_target", "unexpected resource".to_owned())
            }
            (None, _) => wrong("invalid_target", "missing resource".to_owned()),
            (Some(resource), _) if resource.contains('#') => {
                wrong("invalid_target", "invalid resource: it has a fragment".to_owned())
            }
            (Some(_), _) => Ok(()),
        }
    }

    /// Returns the only resource where the tokens of this request are valid, if there is one.
    fn granted_resource(&self, params: &Params) -> Option<String> {
        let name = match (&self.config.audience_parameter, self.config.resource_parameter) {
            (Some(name), _) => name,
            (None, ResourceParameter::Required) => "resource",
            (None, _) => return None,
        };
        Some(params.get(name).unwrap_or_default().to_owned())
    }

    fn authorization_code(
        &self,
        params: &Params,
        redirect_uri: &str,
    ) -> Result<String, OAuthError> {
        let subject = match self.decision() {
            Decision::Approve => self.config.subject.clone(),
            Decision::Deny => {
                return Err(OAuthError::new("access_denied", "the user denied the request"));
            }
            Decision::Fail(code) => return Err(OAuthError::new(code, "scripted by the test")),
        };
        let config = &self.config;
        let owned = |name| params.get(name).map(str::to_owned);
        let grant = Grant {
            subject,
            client_id: owned("client_id").unwrap_or_default(),
            scope: owned("scope"),
            resource: self.granted_resource(params),
            is_refreshable: config
                .refresh_token_parameter
                .as_ref()
                .is_none_or(|(name, value)| params.get(name) == Some(value)),
        };
        let challenge = params.get("code_challenge").unwrap_or_default();
        Ok(self.issued_tokens.issue_code(AuthorizationCode::new(grant, redirect_uri, challenge)))
    }
}
