//! Finds the endpoint of a request and handles the request.

use crate::{
    auth::authorization::{AuthorizationState, OAuthEndpoint},
    base::RecordedRequest,
    http::Reply,
};

impl AuthorizationState {
    pub(crate) fn reply(&self, request: &RecordedRequest) -> Reply {
        let Some(endpoint) = OAuthEndpoint::at(request.path(), &self.config.issuer_path) else {
            return Reply::status(404);
        };
        self.record(endpoint, request.clone());
        if let Some(reply) = self.scripted(endpoint) {
            return reply;
        }
        if request.http_method() != endpoint.http_method() {
            self.record_violation(
                endpoint,
                &format!("HTTP method {} not allowed", request.http_method()),
            );
            return Reply::status(405).header("allow", endpoint.http_method());
        }
        match endpoint {
            OAuthEndpoint::Metadata => self.metadata_at(request),
            OAuthEndpoint::Registration => self.register(request),
            OAuthEndpoint::Authorization => self.authorize(request.query().unwrap_or_default()),
            OAuthEndpoint::Token => self.token(request),
            OAuthEndpoint::Revocation => self.revoke(request),
            OAuthEndpoint::DeviceAuthorization => self.authorize_device(request),
        }
    }
}
