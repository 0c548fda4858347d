//! Signing keys: JSON Web Signatures in compact form (RFC 7515).

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_http::Secret;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::encoding::base64url;
use crate::error::Error;

/// A private key that signs client assertions: ECDSA on P-256 or P-384, Ed25519 or RSA.
///
/// # Examples
///
/// ```no_run
/// use mcp_oauth::{PreregisteredClient, SigningKey};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let pem = std::fs::read_to_string("client-key.pem")?;
///     let key = SigningKey::from_pem(&pem)?.with_key_id("2026-01");
///     let client = PreregisteredClient::new("our-app").with_private_key(key);
///     println!("{client:?}");
///     Ok(())
/// }
/// ```
pub struct SigningKey {
    key: PrivateKey,
    id: Option<String>,
}

enum PrivateKey {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl SigningKey {
    /// Parses a private key in PEM (PKCS #8).
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the PEM has no private key, or a key of another type.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
        let inside = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once("-----END"));
        let Some((base64, _)) = inside else {
            let reason = "no \"PRIVATE KEY\" (PKCS #8) in the PEM; convert other formats with \
                          \"openssl pkcs8 -topk8 -nocrypt\"";
            return Err(Error::configuration(reason));
        };
        Self::from_base64(base64)
    }

    /// Generates a key on P-256. Also returns it in its stored form.
    pub(crate) fn generate() -> (Self, Secret) {
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| Ok((key.to_pkcs8v1()?, key)));
        let (document, key) = made.expect("the system has a source of randomness");
        (
            Self { key: PrivateKey::P256(key), id: None },
            Secret::new(STANDARD.encode(document.as_ref())),
        )
    }

    /// Parses a private key in Base64 (PKCS #8). Ignores line breaks.
    pub(crate) fn from_base64(base64: &str) -> Result<Self, Error> {
        let base64 = Zeroizing::new(base64.split_ascii_whitespace().collect::<String>());
        let der = STANDARD.decode(&*base64).map(Zeroizing::new);
        let der = der.map_err(|_| Error::configuration("the private key is not valid Base64"))?;
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &der);
        let key = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(PrivateKey::P256)
            .or_else(|_| ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).map(PrivateKey::P384))
            .or_else(|_| Ed25519KeyPair::from_pkcs8(&der).map(PrivateKey::Ed25519))
            .or_else(|_| rsa::KeyPair::from_pkcs8(&der).map(PrivateKey::Rsa));
        let key = key.map_err(|_| {
            Error::configuration("unsupported private key: expected P-256, P-384, Ed25519 or RSA")
        })?;
        Ok(Self { key, id: None })
    }

    /// Sets the key ID (`kid`), which tells the authorization server which public key to use.
    #[must_use]
    pub fn with_key_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Returns the name of the algorithm (RFC 7518, section 3.1; RFC 8037).
    pub(crate) fn algorithm(&self) -> &'static str {
        match &self.key {
            PrivateKey::P256(_) => "ES256",
            PrivateKey::P384(_) => "ES384",
            PrivateKey::Ed25519(_) => "EdDSA",
            PrivateKey::Rsa(_) => "RS256",
        }
    }

    /// Signs claims as a JSON Web Token.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Error> {
        let mut header = json!({ "typ": "JWT", "alg": self.algorithm() });
        if let Some(id) = &self.id {
            header["kid"] = json!(id);
        }
        self.sign_with_header(&header, claims)
    }

    /// Signs claims with a header that names this key's algorithm.
    pub(crate) fn sign_with_header(&self, header: &Value, claims: &Value) -> Result<String, Error> {
        let part = |json: &Value| base64url(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.signature(signed.as_bytes());
        let signature =
            signature.ok_or_else(|| Error::configuration("cannot sign with the private key"))?;
        Ok(format!("{signed}.{}", base64url(&signature)))
    }

    fn signature(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.key {
            PrivateKey::P256(key) | PrivateKey::P384(key) => {
                Some(key.sign(&random, text).ok()?.as_ref().to_vec())
            }
            PrivateKey::Ed25519(key) => Some(key.sign(text).as_ref().to_vec()),
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    /// Returns the public key as a JSON Web Key, if it is on P-256. Its members are in the order of
    /// its thumbprint (RFC 7638, section 3).
    pub(crate) fn public_jwk(&self) -> Option<Value> {
        let PrivateKey::P256(key) = &self.key else { return None };
        let (x, y) = key.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        Some(json!({ "crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y) }))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ****)", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    use proptest::prelude::*;

    use super::*;

    fn pem(document: &[u8]) -> String {
        let base64 = STANDARD.encode(document);
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
    }

    /// A key of each kind in its stored form, its algorithm, and its public key.
    fn keys() -> [(Vec<u8>, Algorithm, DecodingKey); 4] {
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let point = |key: &EcdsaKeyPair| DecodingKey::from_ec_der(key.public_key().as_ref());
        [
            (p256.to_pkcs8v1().unwrap().as_ref().to_vec(), Algorithm::ES256, point(&p256)),
            (p384.to_pkcs8v1().unwrap().as_ref().to_vec(), Algorithm::ES384, point(&p384)),
            (
                ed25519.to_pkcs8v1().unwrap().as_ref().to_vec(),
                Algorithm::EdDSA,
                DecodingKey::from_ed_der(ed25519.public_key().as_ref()),
            ),
            (
                rsa.as_der().unwrap().as_ref().to_vec(),
                Algorithm::RS256,
                DecodingKey::from_rsa_der(rsa.public_key().as_ref()),
            ),
        ]
    }

    /// Accepts any claims if the signature is valid.
    fn only_signature(algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation
    }

    #[test]
    fn another_library_verifies_signatures_of_every_key_type() {
        let keys = keys();
        let own: Vec<_> = keys
            .iter()
            .map(|(document, ..)| {
                SigningKey::from_pem(&pem(document)).unwrap().with_key_id("k \"1\"")
            })
            .collect();
        let claims = prop::collection::btree_map("[a-z]{1,4}", any::<String>(), 0..4);
        proptest!(property_tests::config_with_cases(16), |(claims in claims, id in any::<u64>())| {
            let claims = json!({ "id": id, "of": claims });
            for (own, (_, algorithm, public)) in own.iter().zip(&keys) {
                let jws = own.sign(&claims).unwrap();
                let read = decode::<Value>(&jws, public, &only_signature(*algorithm)).unwrap();
                prop_assert_eq!(&read.claims, &claims);
                prop_assert_eq!(read.header.alg, *algorithm);
                prop_assert_eq!(read.header.kid.as_deref(), Some("k \"1\""));
                prop_assert_eq!(read.header.typ.as_deref(), Some("JWT"));
            }
        });
    }

    #[test]
    fn a_key_does_not_verify_signatures_of_another() {
        let ([own, ..], [other, ..]) = (keys(), keys());
        let key = SigningKey::from_pem(&pem(&own.0)).unwrap();
        let jws = key.sign(&json!({})).unwrap();
        decode::<Value>(&jws, &own.2, &only_signature(own.1)).unwrap();
        decode::<Value>(&jws, &other.2, &only_signature(own.1)).unwrap_err();
    }

    #[test]
    fn an_invalid_private_key_is_a_configuration_error() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END", "-----BEGIN RSA PRIVATE KEY"]
        {
            let error = SigningKey::from_pem(pem).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{pem}");
        }
    }
}
