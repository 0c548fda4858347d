//! Signing: JSON Web Signatures in compact form (RFC 7515).

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
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{crypto::base64url, error::Error, secret::Secret};

/// A private key that signs in the name of this application: ECDSA on P-256 or P-384, Ed25519 or RSA.
///
/// ```
/// # fn run(pem: &str) -> Result<(), mcp_oauth::Error> {
/// let key = mcp_oauth::SigningKey::from_pem(pem)?.with_id("2026-01");
/// # Ok(())
/// # }
/// # assert!(run("no key").is_err());
/// ```
pub struct SigningKey {
    pair: Pair,
    id: Option<String>,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl SigningKey {
    /// Reads a private key (PKCS #8) in PEM.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is none, or of another kind.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
        let inside = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once("-----END"));
        let Some((base64, _)) = inside else {
            let reason = "there is no `PRIVATE KEY` (PKCS #8) in the PEM; \
                          `openssl pkcs8 -topk8 -nocrypt` makes one of other forms";
            return Err(Error::configuration(reason));
        };
        Self::from_base64(base64)
    }

    /// Makes a new key on P-256, and says how it is kept.
    pub(crate) fn generate() -> (Self, Secret) {
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| Ok((pair.to_pkcs8v1()?, pair)));
        let (document, pair) = made.expect("the machine has random numbers");
        (Self { pair: Pair::P256(pair), id: None }, Secret::new(STANDARD.encode(document.as_ref())))
    }

    /// Reads a private key (PKCS #8) in Base64, line breaks aside.
    pub(crate) fn from_base64(base64: &str) -> Result<Self, Error> {
        let base64 = Zeroizing::new(base64.split_ascii_whitespace().collect::<String>());
        let der = STANDARD.decode(&*base64).map(Zeroizing::new);
        let der = der.map_err(|_| Error::configuration("the private key is not in Base64"))?;
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &der);
        let pair = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(Pair::P256)
            .or_else(|_| ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::P384))
            .or_else(|_| Ed25519KeyPair::from_pkcs8(&der).map(Pair::Ed25519))
            .or_else(|_| rsa::KeyPair::from_pkcs8(&der).map(Pair::Rsa));
        let pair = pair.map_err(|_| {
            let reason =
                "the private key is of no kind that is known here (P-256, P-384, Ed25519, RSA)";
            Error::configuration(reason)
        })?;
        Ok(Self { pair, id: None })
    }

    /// The name of the key (`kid`), by which an authorization server finds the public one.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// The name of the algorithm (RFC 7518, section 3.1; RFC 8037).
    pub(crate) fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::P256(_) => "ES256",
            Pair::P384(_) => "ES384",
            Pair::Ed25519(_) => "EdDSA",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// Signs claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Error> {
        let mut header = json!({ "typ": "JWT", "alg": self.algorithm() });
        if let Some(id) = &self.id {
            header["kid"] = json!(id);
        }
        self.sign_with(&header, claims)
    }

    /// Signs claims under a header that names this key's algorithm.
    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> Result<String, Error> {
        let part = |json: &Value| base64url(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.signature(signed.as_bytes());
        let signature = signature.ok_or_else(|| Error::configuration("the key cannot sign"))?;
        Ok(format!("{signed}.{}", base64url(&signature)))
    }

    fn signature(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => {
                Some(pair.sign(&random, text).ok()?.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Some(pair.sign(text).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    /// The public key, if it is on P-256: a JSON Web Key with the members of its thumbprint in their
    /// order (RFC 7638, section 3).
    pub(crate) fn public_jwk(&self) -> Option<Value> {
        let Pair::P256(pair) = &self.pair else { return None };
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
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
    use aws_lc_rs::{
        encoding::AsDer,
        signature::{
            ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
            UnparsedPublicKey, VerificationAlgorithm,
        },
    };
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn a_signature_is_that_of_the_algorithm_in_its_header() {
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let documents = [
            p256.to_pkcs8v1().unwrap().as_ref().to_vec(),
            p384.to_pkcs8v1().unwrap().as_ref().to_vec(),
            ed25519.to_pkcs8v1().unwrap().as_ref().to_vec(),
            rsa.as_der().unwrap().as_ref().to_vec(),
        ];
        let public: [(&str, &'static dyn VerificationAlgorithm, &[u8]); 4] = [
            ("ES256", &ECDSA_P256_SHA256_FIXED, p256.public_key().as_ref()),
            ("ES384", &ECDSA_P384_SHA384_FIXED, p384.public_key().as_ref()),
            ("EdDSA", &ED25519, ed25519.public_key().as_ref()),
            ("RS256", &RSA_PKCS1_2048_8192_SHA256, rsa.public_key().as_ref()),
        ];
        for (document, (name, algorithm, public)) in documents.iter().zip(public) {
            let base64 = STANDARD.encode(document);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
            let key = SigningKey::from_pem(&pem).unwrap();
            let jws = key.sign(&json!({ "a": 1 })).unwrap();
            let (signed, signature) = jws.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let public = UnparsedPublicKey::new(algorithm, public);
            public.verify(signed.as_bytes(), &signature).unwrap();
            let header = signed.split('.').next().unwrap();
            let header: Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
            assert_eq!(header, json!({ "alg": name, "typ": "JWT" }));
        }
    }

    #[test]
    fn what_is_no_private_key_is_said_to_be_none() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END", "-----BEGIN RSA PRIVATE KEY"]
        {
            let error = SigningKey::from_pem(pem).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{pem}");
        }
    }
}
