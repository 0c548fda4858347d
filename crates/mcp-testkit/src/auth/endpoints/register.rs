//! Dynamic client registration (RFC 7591).

use serde_json::Value;

use crate::{
    auth::authorization::{AuthorizationState, KnownClient, OAuthEndpoint, OAuthError},
    base::{RecordedRequest, random_token},
    http::Reply,
};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl AuthorizationState {
    pub(crate) fn register(&self, request: &RecordedRequest) -> Reply {
        if !self.config.registration {
            return Reply::status(404);
        }
        match self.new_client(request.json().unwrap_or(&Value::Null)) {
            Ok(client) => {
                let response = client.registration_response().to_string();
                self.add_client(client);
                Reply::status(201).header("content-type", "application/json").chunk(response)
            }
            Err(error) => {
                self.record_violation(OAuthEndpoint::Registration, &error.description);
                error.reply()
            }
        }
    }

    fn new_client(&self, metadata: &Value) -> Result<KnownClient, OAuthError> {
        let error = |code: &str, what: &str| Err(OAuthError::new(code, what));
        let redirect_uris = metadata["redirect_uris"].as_array().filter(|uris| !uris.is_empty());
        let Some(redirect_uris) = redirect_uris else {
            return error("invalid_redirect_uri", "missing redirect_uris");
        };
        let redirect_uris: Option<Vec<_>> =
            redirect_uris.iter().map(|uri| uri.as_str().map(str::to_owned)).collect();
        let Some(redirect_uris) = redirect_uris else {
            return error("invalid_redirect_uri", "invalid redirect_uris: expected strings");
        };
        let method = metadata["token_endpoint_auth_method"].as_str();
        let method = method.unwrap_or("client_secret_basic");
        if !self.config.auth_methods.iter().any(|known| known == method) {
            return error("invalid_client_metadata", "unsupported token_endpoint_auth_method");
        }
        let has_secret = method.starts_with("client_secret");
        Ok(KnownClient {
            secret: has_secret.then(|| random_token("secret")),
            auth_method: Some(method.to_owned()),
            redirect_uris,
            allows_device: metadata["grant_types"]
                .as_array()
                .is_some_and(|grants| grants.iter().any(|grant| grant == DEVICE_CODE)),
            ..KnownClient::new(random_token("client"))
        })
    }
}
