//! Giving tokens back (RFC 7009).

use super::params::Params;
use crate::{
    auth::authorization::{OAuthEndpoint, Shared},
    base::Recorded,
    http::Reply,
};

impl Shared {
    pub(crate) fn give_back(&self, request: &Recorded) -> Reply {
        let params = Params::parse(request.body());
        if let Err(refusal) = self.authenticate(request, &params) {
            self.note(OAuthEndpoint::Revocation, &refusal.description);
            return refusal.reply();
        }
        match params.get("token") {
            Some(token) => self.ledger.revoke(token),
            None => self.note(OAuthEndpoint::Revocation, "no token"),
        }
        // Even for a token that is unknown (section 2.2).
        Reply::status(200)
    }
}
