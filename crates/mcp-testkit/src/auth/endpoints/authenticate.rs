//! Client authentication at the token endpoint (OAuth 2.1, section 2.4; RFC 7523).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;
use url::form_urlencoded;

use super::params::Params;
use crate::{
    auth::authorization::{AuthorizationState, KnownClient, OAuthError},
    base::RecordedRequest,
};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl AuthorizationState {
    /// Returns the client of a request, if its authentication is valid.
    pub(crate) fn authenticate(
        &self,
        request: &RecordedRequest,
        params: &Params,
    ) -> Result<KnownClient, OAuthError> {
        let invalid_client = |what: &str| OAuthError::new("invalid_client", what);
        let basic = request.header("authorization").map(basic);
        let basic = basic.map(|pair| {
            pair.ok_or_else(|| invalid_client("the Authorization header is not Basic"))
        });
        let (basic, posted) = (basic.transpose()?, params.get("client_secret"));
        let assertion = params.get("client_assertion");
        let methods = [basic.is_some(), posted.is_some(), assertion.is_some()];
        let is_client_id_repeated = basic.is_some() && params.get("client_id").is_some();
        let has_two_ids = is_client_id_repeated && !self.config.client_id_with_basic;
        if has_two_ids || methods.into_iter().filter(|used| *used).count() > 1 {
            return Err(OAuthError::new(
                "invalid_request",
                "more than one client authentication method",
            ));
        }
        let id = match &basic {
            Some((id, _)) => Some(id.as_str()),
            None => params.get("client_id"),
        };
        let client =
            id.and_then(|id| self.client(id)).ok_or_else(|| invalid_client("unknown client"))?;
        let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(posted);
        let method = match (&basic, posted, assertion) {
            (Some(_), ..) => "client_secret_basic",
            (_, Some(_), _) => "client_secret_post",
            (_, _, Some(_)) => "private_key_jwt",
            _ => "none",
        };
        if let Some(accepted) = &self.config.accepted_auth_methods {
            if !accepted.iter().any(|accepted| accepted == method) {
                return Err(invalid_client("the client authentication method is not accepted"));
            }
        } else if client.auth_method.as_deref().is_some_and(|registered| registered != method) {
            return Err(invalid_client(
                "the client authentication method differs from the registered one",
            ));
        }
        match (&client.secret, &client.public_key) {
            (Some(known), _) if secret != Some(known) => {
                Err(invalid_client("invalid client secret"))
            }
            (None, Some(key)) => {
                let has_type = params.get("client_assertion_type") == Some(ASSERTION);
                let assertion = assertion.filter(|_| has_type).unwrap_or_default();
                self.check_assertion(&client.id, key, assertion).map_err(invalid_client)?;
                Ok(client)
            }
            _ => Ok(client),
        }
    }

    /// Returns an error if a client assertion is invalid (RFC 7523, section 3). The client must
    /// sign it, it must be for this server, and it must not be expired.
    fn check_assertion(&self, id: &str, key: &[u8], assertion: &str) -> Result<(), &'static str> {
        const MALFORMED: &str = "missing or malformed client assertion: expected a JWT with ES256";
        let (signed, signature) = assertion.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
        let header = json(header).filter(|header| header["alg"] == "ES256").ok_or(MALFORMED)?;
        let claims = json(claims).ok_or(MALFORMED)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
        let is_signed = key.verify(signed.as_bytes(), &signature).is_ok();
        let token_endpoint = format!("{}/token", self.issuer);
        let is_for_this = |aud: &Value| *aud == self.issuer.as_str() || *aud == token_endpoint;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let rules = [
            (header.get("crit").is_none(), "unsupported crit header in the client assertion"),
            (is_signed, "invalid signature of the client assertion"),
            (claims["iss"] == id && claims["sub"] == id, "client assertion of another client"),
            (is_for_this(&claims["aud"]), "client assertion for another server"),
            (claims["exp"].as_u64().is_some_and(|exp| exp > now), "expired client assertion"),
            (
                claims["iat"].as_u64().is_none_or(|iat| iat <= now),
                "client assertion issued in the future",
            ),
            (claims["jti"].is_string(), "missing jti in the client assertion"),
        ];
        if let Some((_, broken)) = rules.into_iter().find(|(is_kept, _)| !is_kept) {
            return Err(broken);
        }
        match self.is_new_assertion(&claims["jti"]) {
            true => Ok(()),
            false => Err("client assertion already used"),
        }
    }
}

/// Returns the id and secret of `Authorization: Basic`.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, pair) = header.split_once(' ')?;
    let pair = STANDARD.decode(pair).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let pairs = format!("x={text}");
        form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn json(base64: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(base64).ok()?).ok()
}
