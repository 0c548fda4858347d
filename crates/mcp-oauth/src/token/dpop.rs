//! DPoP proofs and keys (RFC 9449).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use mcp_http::{Challenge, RequestSigner, mcp_client::BoxError};
use serde_json::json;
use url::{Position, Url};

use crate::{
    clock::now,
    crypto::{Secret, SigningKey, base64url, random_text, sha256},
    error::Error,
};

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The longest nonce that is stored, in bytes.
const MAX_NONCE_LENGTH: usize = 4 * 1024;

/// A DPoP key, and the nonces that servers require in its proofs. Clones share both.
#[derive(Clone)]
pub(crate) struct DpopKey(Arc<Inner>);

struct Inner {
    key: SigningKey,
    encoded: Secret,
    /// The last nonce of each origin: that of one MCP server and that of its authorization server.
    nonces: Mutex<BTreeMap<String, String>>,
}

impl DpopKey {
    pub(crate) fn generate() -> Self {
        let (key, encoded) = SigningKey::generate();
        Self::new(key, encoded)
    }

    pub(crate) fn decode(encoded: &Secret) -> Result<Self, Error> {
        Ok(Self::new(SigningKey::from_base64(encoded.expose())?, encoded.clone()))
    }

    fn new(key: SigningKey, encoded: Secret) -> Self {
        Self(Arc::new(Inner { key, encoded, nonces: Mutex::default() }))
    }

    /// Returns the private key as it is stored in credentials.
    pub(crate) fn encoded(&self) -> &Secret {
        &self.0.encoded
    }

    /// Returns the thumbprint of the public key. It binds an authorization code to the key (section
    /// 10).
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.0.key.public_jwk().unwrap_or_default();
        base64url(&sha256(jwk.to_string().as_bytes()))
    }

    /// Returns the header with the proof for one request, and for its access token if it has one
    /// (section 4.2).
    pub(crate) fn proof(
        &self,
        method: &Method,
        url: &Url,
        access_token: Option<&str>,
    ) -> Result<HeaderMap, Error> {
        let jwk = self.0.key.public_jwk();
        let header = json!({ "typ": "dpop+jwt", "alg": self.0.key.algorithm(), "jwk": jwk });
        let mut claims = json!({
            "jti": random_text(),
            "htm": method.as_str(),
            "htu": &url[..Position::AfterPath],
            "iat": now(),
        });
        if let Some(token) = access_token {
            claims["ath"] = json!(base64url(&sha256(token.as_bytes())));
        }
        let nonces = self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nonce) = nonces.get(&origin(url)) {
            claims["nonce"] = json!(nonce);
        }
        let proof = HeaderValue::try_from(self.0.key.sign_with_header(&header, &claims)?);
        let mut proof = proof
            .map_err(|_| Error::configuration("the DPoP proof is not a valid header value"))?;
        proof.set_sensitive(true);
        Ok(HeaderMap::from_iter([(DPOP, proof)]))
    }

    /// Stores the nonce of a response (section 8.2). Returns `true` if there is one and it is new.
    pub(crate) fn record_nonce(&self, url: &Url, headers: &HeaderMap) -> bool {
        let nonce = headers.get(DPOP_NONCE).and_then(|nonce| nonce.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| nonce.len() <= MAX_NONCE_LENGTH) else {
            return false;
        };
        let mut nonces = self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = nonces.insert(origin(url), nonce.to_owned());
        previous.as_deref() != Some(nonce)
    }

    /// Returns the signer of requests with an access token.
    pub(crate) fn signer(&self, access_token: &Secret) -> Arc<dyn RequestSigner> {
        Arc::new(DpopSigner { key: self.clone(), access_token: access_token.clone() })
    }
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopKey(****)")
    }
}

/// Adds a proof to each request with the access token.
struct DpopSigner {
    key: DpopKey,
    access_token: Secret,
}

impl RequestSigner for DpopSigner {
    fn scheme(&self) -> &'static str {
        "DPoP"
    }

    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError> {
        Ok(self.key.proof(method, url, Some(self.access_token.expose()))?)
    }

    fn on_response(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let is_new = self.key.record_nonce(url, headers);
        status == StatusCode::UNAUTHORIZED && is_new && requires_nonce(headers)
    }
}

/// Returns `true` if a challenge requires a nonce (section 9).
fn requires_nonce(headers: &HeaderMap) -> bool {
    let values = headers.get_all(http::header::WWW_AUTHENTICATE);
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    texts
        .flat_map(Challenge::parse)
        .any(|it| it.is_scheme("DPoP") && it.error() == Some("use_dpop_nonce"))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{
        Algorithm, DecodingKey, Validation, decode,
        jwk::{Jwk, ThumbprintHash},
    };
    use serde_json::Value;

    use super::*;

    fn parts(headers: &HeaderMap) -> (Value, Value) {
        let proof = headers[DPOP].to_str().unwrap().to_owned();
        let json =
            |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let mut parts = proof.split('.');
        (json(parts.next().unwrap()), json(parts.next().unwrap()))
    }

    #[test]
    fn another_library_verifies_a_proof_with_its_jwk() {
        let key = DpopKey::generate();
        let url = Url::parse("https://a.example/mcp").unwrap();
        let headers = key.proof(&Method::POST, &url, Some("abc")).unwrap();
        let (header, claims) = parts(&headers);
        let jwk: Jwk = serde_json::from_value(header["jwk"].clone()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        let public = DecodingKey::from_jwk(&jwk).unwrap();
        let read = decode::<Value>(headers[DPOP].to_str().unwrap(), &public, &validation).unwrap();
        assert_eq!(read.claims, claims);
        assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), key.thumbprint());
    }

    #[test]
    fn a_proof_is_bound_to_the_request_token_and_nonce() {
        // RFC 9449, sections 4.2 and 8
        let key = DpopKey::decode(DpopKey::generate().encoded()).unwrap();
        let url = Url::parse("https://a.example/mcp?key=s3cret").unwrap();
        let (header, claims) = parts(&key.proof(&Method::POST, &url, Some("abc")).unwrap());
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert!(header["jwk"].get("d").is_none());
        assert_eq!(
            (&claims["htm"], &claims["htu"]),
            (&json!("POST"), &json!("https://a.example/mcp"))
        );
        assert_eq!(claims["ath"], "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        assert!(claims.get("nonce").is_none());
        let response = HeaderMap::from_iter([(DPOP_NONCE, HeaderValue::from_static("n1"))]);
        assert!(key.record_nonce(&url, &response));
        assert!(!key.record_nonce(&url, &response));
        let (_, again) = parts(&key.proof(&Method::POST, &url, None).unwrap());
        assert_eq!(again["nonce"], "n1");
        assert_ne!(again["jti"], claims["jti"]);
        let other = Url::parse("https://b.example/").unwrap();
        assert!(parts(&key.proof(&Method::GET, &other, None).unwrap()).1.get("nonce").is_none());
    }
}
