//! Token revocation (RFC 7009).

use super::params::Params;
use crate::{
    auth::authorization::{AuthorizationState, OAuthEndpoint},
    base::RecordedRequest,
    http::Reply,
};

impl AuthorizationState {
    pub(crate) fn revoke(&self, request: &RecordedRequest) -> Reply {
        let params = Params::parse(request.body());
        if let Err(error) = self.authenticate(request, &params) {
            self.record_violation(OAuthEndpoint::Revocation, &error.description);
            return error.reply();
        }
        match params.get("token") {
            Some(token) => self.issued_tokens.revoke(token),
            None => self.record_violation(OAuthEndpoint::Revocation, "missing token"),
        }
        // Also for an unknown token (section 2.2).
        Reply::status(200)
    }
}
