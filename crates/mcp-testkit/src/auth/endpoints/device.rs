//! The device authorization endpoint, and its grant at the token endpoint (RFC 8628).

use serde_json::{Value, json};

use super::params::Params;
use crate::{
    auth::authorization::{
        AuthorizationState, Decision, Grant, KnownClient, OAuthEndpoint, OAuthError, PendingDevice,
    },
    base::{RecordedRequest, random_token},
    http::Reply,
};

impl AuthorizationState {
    /// Issues a device code and a user code.
    pub(crate) fn authorize_device(&self, request: &RecordedRequest) -> Reply {
        let params = Params::parse(request.body());
        match self.device_response(request, &params) {
            Ok(response) => Reply::json(&response).header("cache-control", "no-store"),
            // The client can register again.
            Err(error) if error.code == "unauthorized_client" => error.reply(),
            Err(error) => {
                self.record_violation(OAuthEndpoint::DeviceAuthorization, &error.description);
                error.reply()
            }
        }
    }

    fn device_response(
        &self,
        request: &RecordedRequest,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        let invalid = |what: &str| OAuthError::new("invalid_request", what);
        let config =
            self.config.device_grant.as_ref().ok_or_else(|| invalid("there is no device grant"))?;
        if params.repeated().is_some() {
            return Err(invalid("duplicate parameter"));
        }
        let client = self.authenticate(request, params)?;
        if !client.allows_device {
            let what = "the client is not registered for the device grant";
            return Err(OAuthError::new("unauthorized_client", what));
        }
        let resource = params.get("resource");
        let grant = Grant {
            subject: self.config.subject.clone(),
            client_id: client.id,
            scope: params.get("scope").map(str::to_owned),
            resource: Some(resource.ok_or_else(|| invalid("missing resource"))?.to_owned()),
            is_refreshable: true,
        };
        let device_code = random_token("device");
        self.add_device(&device_code, PendingDevice::new(config, grant));
        let uri = config.verification_uri.clone();
        let uri = uri.unwrap_or_else(|| format!("{}/device", self.issuer));
        let mut response = json!({
            "device_code": device_code,
            "user_code": config.user_code,
            "verification_uri": uri,
            "expires_in": config.lifetime.as_secs(),
        });
        if config.complete_uri {
            response["verification_uri_complete"] =
                json!(format!("{uri}?user_code={}", config.user_code));
        }
        if let Some(interval) = config.interval {
            response["interval"] = json!(interval.as_secs());
        }
        Ok(response)
    }

    /// Returns the tokens of a device, if the user has approved (section 3.4).
    pub(crate) fn device_code_grant(
        &self,
        client: &KnownClient,
        params: &Params,
    ) -> Result<Value, OAuthError> {
        let code = params.get("device_code").unwrap_or_default();
        let grant = self.poll_device(code, &client.id)?;
        match self.decision() {
            Decision::Approve => {}
            Decision::Deny => {
                return Err(OAuthError::new("access_denied", "the user denied the request"));
            }
            Decision::Fail(code) => return Err(OAuthError::new(&code, "the server failed")),
        }
        self.remove_device(code);
        let lifetime = self.config.access_token_lifetime;
        let tokens = self.issued_tokens.issue_with_refresh_token(&grant, lifetime);
        Ok(self.token_response(&grant, tokens))
    }
}
