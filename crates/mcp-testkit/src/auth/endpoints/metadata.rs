//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).

use serde_json::{Value, json};

use crate::{
    auth::authorization::{AuthorizationState, OAuthEndpoint},
    base::RecordedRequest,
    http::Reply,
};

impl AuthorizationState {
    pub(crate) fn metadata_at(&self, request: &RecordedRequest) -> Reply {
        let config = &self.config;
        if request.path() != config.metadata_location.path(&config.issuer_path) {
            return Reply::status(404);
        }
        if request.header("authorization").is_some() {
            self.record_violation(OAuthEndpoint::Metadata, "unexpected Authorization header");
        }
        Reply::json(&self.metadata())
    }

    fn metadata(&self) -> Value {
        let (config, issuer) = (&self.config, &self.issuer);
        let mut metadata = json!({
            "issuer": config.announced_issuer.as_ref().unwrap_or(issuer),
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "response_types_supported": ["code"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ],
            "token_endpoint_auth_methods_supported": config.auth_methods,
            "authorization_response_iss_parameter_supported": config.callback_names_issuer,
            "client_id_metadata_document_supported": config.metadata_documents,
        });
        if !config.pkce_methods.is_empty() {
            metadata["code_challenge_methods_supported"] = json!(config.pkce_methods);
        }
        if config.registration {
            metadata["registration_endpoint"] = json!(format!("{issuer}/register"));
        }
        if config.device_grant.is_some() {
            metadata["device_authorization_endpoint"] =
                json!(format!("{issuer}/device_authorization"));
        }
        if !config.scopes.is_empty() {
            metadata["scopes_supported"] = json!(config.scopes);
        }
        metadata
    }
}
