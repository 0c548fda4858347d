//! What tokens are given for.

use serde_json::{Value, json};

use super::{params::Params, pkce::s256};
use crate::{
    auth::authorization::{Code, Consent, KnownClient, Refusal, Shared},
    base::Recorded,
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

impl Shared {
    pub(crate) fn grant(&self, request: &Recorded, params: &Params) -> Result<Value, Refusal> {
        if let Some(name) = params.repeated() {
            return Err(Refusal::new("invalid_request", format!("{name} is there twice")));
        }
        let client = self.authenticate(request, params)?;
        match params.get("grant_type") {
            Some("authorization_code") => self.for_code(&client, params),
            Some("refresh_token") => self.for_refresh_token(&client, params),
            Some("client_credentials") => self.for_itself(&client, params),
            Some(JWT_BEARER) => self.for_assertion(&client, params, "assertion", None),
            Some(TOKEN_EXCHANGE) => {
                let wanted = params.get("requested_token_type");
                let wanted = wanted.unwrap_or("urn:ietf:params:oauth:token-type:access_token");
                self.for_assertion(&client, params, "subject_token", Some(wanted))
            }
            _ => Err(Refusal::new("unsupported_grant_type", "an unknown grant_type")),
        }
    }

    fn for_code(&self, client: &KnownClient, params: &Params) -> Result<Value, Refusal> {
        let check = |code: &Code| {
            let verifier = params.get("code_verifier").unwrap_or_default();
            if code.consent.client_id != client.id {
                return Err(Refusal::new("invalid_grant", "the code is another client's"));
            }
            if params.get("redirect_uri") != Some(&code.redirect_uri) {
                return Err(Refusal::new("invalid_grant", "the redirect_uri is another one"));
            }
            if !(43..=128).contains(&verifier.len()) || s256(verifier) != code.challenge {
                return Err(Refusal::new("invalid_grant", "the code_verifier is wrong"));
            }
            same_resource(&code.consent, params)
        };
        let code = required(params, "code")?;
        let (consent, tokens) = self.ledger.trade_code(code, check, self.config.life)?;
        Ok(self.answer(&consent, tokens))
    }

    fn for_refresh_token(&self, client: &KnownClient, params: &Params) -> Result<Value, Refusal> {
        let check = |consent: &Consent| {
            if consent.client_id != client.id {
                return Err(Refusal::new("invalid_grant", "the refresh token is another client's"));
            }
            same_resource(consent, params)
        };
        let (token, config) = (required(params, "refresh_token")?, &self.config);
        let refreshed = self.ledger.refresh(token, check, config.life, config.rotation);
        let (consent, tokens) = refreshed?;
        Ok(self.answer(&consent, tokens))
    }

    fn for_itself(&self, client: &KnownClient, params: &Params) -> Result<Value, Refusal> {
        if client.secret.is_none() && client.public_key.is_none() {
            return Err(Refusal::new("unauthorized_client", "a public client acts for itself"));
        }
        let consent = consent(&client.id, client, params)?;
        let tokens = self.ledger.give_access(&consent, self.config.life);
        Ok(self.answer(&consent, tokens))
    }

    /// For an assertion of somebody whom the server trusts (RFC 7523, RFC 8693).
    fn for_assertion(
        &self,
        client: &KnownClient,
        params: &Params,
        name: &str,
        issued_type: Option<&str>,
    ) -> Result<Value, Refusal> {
        let subject = self.subject_of(required(params, name)?);
        let subject = subject.ok_or_else(|| {
            Refusal::new("invalid_grant", format!("the {name} is of nobody who is trusted"))
        })?;
        let consent = consent(&subject, client, params)?;
        let tokens = self.ledger.give_access(&consent, self.config.life);
        let mut answer = self.answer(&consent, tokens);
        if let Some(issued_type) = issued_type {
            answer["issued_token_type"] = json!(issued_type);
        }
        Ok(answer)
    }
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    params.get(name).ok_or_else(|| Refusal::new("invalid_request", format!("no {name}")))
}

/// What is asked for by somebody who was not asked by a person before.
fn consent(subject: &str, client: &KnownClient, params: &Params) -> Result<Consent, Refusal> {
    let resource = required(params, "resource");
    let resource = resource.map_err(|it| Refusal::new("invalid_target", it.description))?;
    Ok(Consent {
        subject: subject.to_owned(),
        client_id: client.id.clone(),
        scope: params.get("scope").map(str::to_owned),
        resource: Some(resource.to_owned()),
    })
}

/// Tokens are asked for with the resource of the sign-in (RFC 8707, section 2.2).
fn same_resource(consent: &Consent, params: &Params) -> Result<(), Refusal> {
    match params.get("resource") {
        None => Err(Refusal::new("invalid_target", "no resource")),
        it if it == consent.resource.as_deref() => Ok(()),
        Some(_) => Err(Refusal::new("invalid_target", "another resource")),
    }
}
