//! The token source of each scenario.

use std::sync::Arc;

use anyhow::Result;
use mcp_http::TokenSource;
use mcp_oauth::{
    ClientCredentials, OAuthClient, PreregisteredClient, Settings, SigningKey, TokenExchange,
};

use crate::{sign_in::SignIn, test_case::TestCase};

/// The metadata document that the suite expects. It is not fetched.
const METADATA_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// The redirect URI. No server listens there.
const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// Returns the token source for a scenario, or `None` if it needs no tokens.
pub(crate) fn source(case: &TestCase) -> Result<Option<Arc<dyn TokenSource>>> {
    Ok(match case.scenario.strip_prefix("auth/") {
        None => None,
        Some("client-credentials-basic" | "client-credentials-jwt") => {
            Some(Arc::new(ClientCredentials::builder(registered(case)?).build()?))
        }
        Some("enterprise-managed-authorization") => Some(Arc::new(enterprise(case)?)),
        Some("wif-jwt-bearer") => {
            let identity = case.context.valid_jwt.clone().unwrap_or_else(|| "".into());
            let tokens = ClientCredentials::builder(registered(case)?).assertion_source(identity);
            Some(Arc::new(tokens.build()?))
        }
        Some(scenario) => Some(Arc::new(sign_in(case, scenario.starts_with("dpop"))?)),
    })
}

fn sign_in(case: &TestCase, dpop: bool) -> Result<SignIn> {
    let application = OAuthClient::builder("Conformance client", REDIRECT_URI)
        .client_metadata_url(METADATA_DOCUMENT)
        .settings(Settings::new().dpop(dpop));
    let application = match case.context.client_id {
        Some(_) => application.preregistered(&case.url, registered(case)?),
        None => application,
    };
    SignIn::new(application.build()?)
}

/// Returns a source that exchanges the ID token of an identity provider.
fn enterprise(case: &TestCase) -> Result<ClientCredentials> {
    let context = &case.context;
    let id = context.idp_client_id.clone().unwrap_or_default();
    let endpoint = context.idp_token_endpoint.clone().unwrap_or_default();
    let id_token = context.idp_id_token.clone().unwrap_or_else(|| "".into());
    let exchange = TokenExchange::new(endpoint, PreregisteredClient::new(id), id_token);
    Ok(ClientCredentials::builder(registered(case)?).assertion_source(exchange).build()?)
}

/// Returns the registration of the client in the scenario.
fn registered(case: &TestCase) -> Result<PreregisteredClient> {
    let mut client = PreregisteredClient::new(case.context.client_id.clone().unwrap_or_default());
    if let Some(secret) = &case.context.client_secret {
        client = client.with_secret(secret.clone());
    }
    if let Some(pem) = &case.context.private_key_pem {
        client = client.with_private_key(SigningKey::from_pem(pem.expose())?);
    }
    Ok(client)
}
