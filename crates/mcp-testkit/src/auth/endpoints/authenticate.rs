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
        let basic =
            basic.map(|pair| pair.ok_or_else(|| invalid_client("Authorization is not Basic")));
        let (basic, posted) = (basic.transpose()?, params.get("client_secret"));
        let assertion = params.get("client_assertion");
        let methods = [basic.is_some(), posted.is_some(), assertion.is_some()];
        if methods.into_iter().filter(|used| *used).count() > 1 {
            return Err(OAuthError::new("invalid_request", "the client proves itself twice"));
        }
        let id = match &basic {
            Some((id, _)) => Some(id.as_str()),
            None => params.get("client_id"),
        };
        let client =
            id.and_then(|id| self.client(id)).ok_or_else(|| invalid_client("an unknown client"))?;
        let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(posted);
        let method = match (&basic, posted, assertion) {
            (Some(_), ..) => "client_secret_basic",
            (_, Some(_), _) => "client_secret_post",
            (_, _, Some(_)) => "private_key_jwt",
            _ => "none",
        };
        if client.auth_method.as_deref().is_some_and(|registered| registered != method) {
            return Err(invalid_client("the client proves itself in another way than registered"));
        }
        match (&client.secret, &client.public_key) {
            (Some(known), _) if secret != Some(known) => Err(invalid_client("the secret is wrong")),
            (None, Some(key)) => {
                let has_type = params.get("client_assertion_type") == Some(ASSERTION);
                let assertion = assertion.filter(|_| has_type).unwrap_or_default();
                self.check_assertion(&client.id, key, assertion).map_err(invalid_client)?;
                Ok(client)
            }
            _ => Ok(client),
        }
    }

    /// Returns an error if a client assertion is not signed by the client, or not for this server,
    /// or not valid now (RFC 7523, section 3).
    fn check_assertion(&self, id: &str, key: &[u8], assertion: &str) -> Result<(), &'static str> {
        const MALFORMED: &str = "there is no assertion signed by ES256";
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
            (header.get("crit").is_none(), "the assertion wants what is not known here"),
            (is_signed, "the assertion is not signed by the client"),
            (claims["iss"] == id && claims["sub"] == id, "the assertion is of another client"),
            (is_for_this(&claims["aud"]), "the assertion is for another server"),
            (claims["exp"].as_u64().is_some_and(|exp| exp > now), "the assertion has expired"),
            (claims["iat"].as_u64().is_none_or(|iat| iat <= now), "the assertion is of the future"),
            (claims["jti"].is_string(), "the assertion cannot be told from a copy"),
        ];
        if let Some((_, broken)) = rules.into_iter().find(|(is_kept, _)| !is_kept) {
            return Err(broken);
        }
        match self.is_new_assertion(&claims["jti"]) {
            true => Ok(()),
            false => Err("the assertion was used before"),
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
