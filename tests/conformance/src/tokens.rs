//! Where the tokens come from: a person who signs in, or what the task says of the client.

use std::sync::Arc;

use anyhow::Result;
use mcp_http::TokenSource;
use mcp_oauth::{
    OAuthClient, RegisteredClient, ServiceTokens, Settings, SigningKey, TokenExchange,
};

use crate::{person::Person, task::Task};

/// What the suite takes for the client's metadata; nobody fetches it.
const METADATA_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// Where a person would come back to; nobody listens.
const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

/// The source for a scenario; `None` where nobody wants a token.
pub(crate) fn source(task: &Task) -> Result<Option<Arc<dyn TokenSource>>> {
    Ok(match task.scenario.strip_prefix("auth/") {
        None => None,
        Some("client-credentials-basic" | "client-credentials-jwt") => {
            Some(Arc::new(ServiceTokens::builder(registered(task)?).build()?))
        }
        Some("enterprise-managed-authorization") => Some(Arc::new(enterprise(task)?)),
        Some("wif-jwt-bearer") => {
            let identity = task.context.valid_jwt.clone().unwrap_or_else(|| "".into());
            let tokens = ServiceTokens::builder(registered(task)?).assertions(identity);
            Some(Arc::new(tokens.build()?))
        }
        Some(scenario) => Some(Arc::new(person(task, scenario.starts_with("dpop"))?)),
    })
}

fn person(task: &Task, dpop: bool) -> Result<Person> {
    let application = OAuthClient::builder("Conformance client", REDIRECT_URI)
        .metadata_document(METADATA_DOCUMENT)
        .settings(Settings::new().dpop(dpop));
    let application = match task.context.client_id {
        Some(_) => application.registered(&task.url, registered(task)?),
        None => application,
    };
    Person::new(application.build()?)
}

/// Tokens for what an identity provider says of a person.
fn enterprise(task: &Task) -> Result<ServiceTokens> {
    let context = &task.context;
    let id = context.idp_client_id.clone().unwrap_or_default();
    let endpoint = context.idp_token_endpoint.clone().unwrap_or_default();
    let id_token = context.idp_id_token.clone().unwrap_or_else(|| "".into());
    let exchange = TokenExchange::new(endpoint, RegisteredClient::new(id), id_token);
    Ok(ServiceTokens::builder(registered(task)?).assertions(exchange).build()?)
}

/// The client as the task says it is registered.
fn registered(task: &Task) -> Result<RegisteredClient> {
    let mut client = RegisteredClient::new(task.context.client_id.clone().unwrap_or_default());
    if let Some(secret) = &task.context.client_secret {
        client = client.with_secret(secret.clone());
    }
    if let Some(pem) = &task.context.private_key_pem {
        client = client.with_private_key(SigningKey::from_pem(pem.expose())?);
    }
    Ok(client)
}
