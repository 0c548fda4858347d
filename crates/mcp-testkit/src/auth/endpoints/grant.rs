//! The grant types of the token endpoint.

use serde_json::{Value, json};

use super::{params::Params, pkce::s256};
use crate::{
    auth::authorization::{
        AuthorizationCode, AuthorizationState, Grant, KnownClient, OAuthError, ResourceParameter,
    },
    base::RecordedRequest,
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

impl AuthorizationState {
    pub(crate) fn issue_tokens(
        &self,
        request: &RecordedRequest,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        if let Some(name) = params.repeated() {
            return Err(OAuthError::new("invalid_request", format!("duplicate parameter {name}")));
        }
        let client = self.authenticate(request, params)?;
        match params.get("grant_type") {
            Some("authorization_code") => self.code_grant(&client, params),
            Some("refresh_token") => self.refresh_token_grant(&client, params),
            Some("client_credentials") => self.client_credentials_grant(&client, params),
            Some(DEVICE_CODE) => self.device_code_grant(&client, params),
            Some(JWT_BEARER) => self.assertion_grant(&client, params, "assertion", None),
            Some(TOKEN_EXCHANGE) => {
                let requested = params.get("requested_token_type");
                let requested =
                    requested.unwrap_or("urn:ietf:params:oauth:token-type:access_token");
                self.assertion_grant(&client, params, "subject_token", Some(requested))
            }
            _ => Err(OAuthError::new("unsupported_grant_type", "unsupported grant_type")),
        }
    }

    fn code_grant(&self, client: &KnownClient, params: &Params) -> Result<Value, OAuthError> {
        let check = |code: &AuthorizationCode| {
            let verifier = params.get("code_verifier").unwrap_or_default();
            if code.grant.client_id != client.id {
                return Err(OAuthError::new("invalid_grant", "code of another client"));
            }
            if params.get("redirect_uri") != Some(&code.redirect_uri) {
                return Err(OAuthError::new(
                    "invalid_grant",
                    "redirect_uri differs from the authorization request",
                ));
            }
            if !(43..=128).contains(&verifier.len()) || s256(verifier) != code.challenge {
                return Err(OAuthError::new("invalid_grant", "invalid code_verifier"));
            }
            self.check_resource(&code.grant, params)
        };
        let code = required(params, "code")?;
        let (grant, tokens) =
            self.issued_tokens.exchange_code(code, check, self.config.access_token_lifetime)?;
        Ok(self.token_response(&grant, tokens))
    }

    fn refresh_token_grant(
        &self,
        client: &KnownClient,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        let check = |grant: &Grant| {
            if grant.client_id != client.id {
                return Err(OAuthError::new("invalid_grant", "refresh token of another client"));
            }
            self.check_resource(grant, params)
        };
        let (token, config) = (required(params, "refresh_token")?, &self.config);
        let refreshed =
            self.issued_tokens.refresh(token, check, config.access_token_lifetime, config.rotation);
        let (grant, tokens) = refreshed?;
        Ok(self.token_response(&grant, tokens))
    }

    fn client_credentials_grant(
        &self,
        client: &KnownClient,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        if client.secret.is_none() && client.public_key.is_none() {
            return Err(OAuthError::new(
                "unauthorized_client",
                "client_credentials is not allowed for a public client",
            ));
        }
        let grant = grant_from_params(&client.id, client, params)?;
        let tokens =
            self.issued_tokens.issue_access_token(&grant, self.config.access_token_lifetime);
        Ok(self.token_response(&grant, tokens))
    }

    /// Issues tokens for a trusted assertion (RFC 7523, RFC 8693).
    fn assertion_grant(
        &self,
        client: &KnownClient,
        params: &Params,
        name: &str,
        issued_type: Option<&str>,
    ) -> Result<Value, OAuthError> {
        let subject = self.subject_of(required(params, name)?);
        let subject =
            subject.ok_or_else(|| OAuthError::new("invalid_grant", format!("untrusted {name}")))?;
        let grant = grant_from_params(&subject, client, params)?;
        let tokens =
            self.issued_tokens.issue_access_token(&grant, self.config.access_token_lifetime);
        let mut response = self.token_response(&grant, tokens);
        if let Some(issued_type) = issued_type {
            response["issued_token_type"] = json!(issued_type);
        }
        Ok(response)
    }
}

impl AuthorizationState {
    /// Checks that a token request has the same resource as the authorization request (RFC 8707,
    /// section 2.2).
    fn check_resource(&self, grant: &Grant, params: &Params) -> Result<(), OAuthError> {
        let invalid = |what| Err(OAuthError::new("invalid_target", what));
        match (params.get("resource"), self.config.resource_parameter) {
            (_, ResourceParameter::Ignored) | (None, ResourceParameter::Rejected) => Ok(()),
            (Some(_), ResourceParameter::Rejected) => invalid("unexpected resource"),
            (None, _) => invalid("missing resource"),
            (it, _) if it == grant.resource.as_deref() => Ok(()),
            (Some(_), _) => invalid("resource differs from the authorization request"),
        }
    }
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, OAuthError> {
    params.get(name).ok_or_else(|| OAuthError::new("invalid_request", format!("missing {name}")))
}

/// Returns the grant for a request without a user's approval.
fn grant_from_params(
    subject: &str,
    client: &KnownClient,
    params: &Params,
) -> Result<Grant, OAuthError> {
    let resource = required(params, "resource");
    let resource = resource.map_err(|it| OAuthError::new("invalid_target", it.description))?;
    Ok(Grant {
        subject: subject.to_owned(),
        client_id: client.id.clone(),
        scope: params.get("scope").map(str::to_owned),
        resource: Some(resource.to_owned()),
        is_refreshable: false,
    })
}
