//! Asking for tokens (OAuth 2.1, section 3.2).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::{
    credentials::{Registration, TokenEndpointAuthMethod, TokenType, now},
    crypto::random_text,
    dpop::DpopKey,
    error::{At, Error},
    jws::SigningKey,
    secret::Secret,
    web::{Web, unusable},
};

/// The longest lifetime that is believed, in seconds: ten years.
const LONGEST_LIFE: u64 = 10 * 365 * 24 * 60 * 60;
/// The life of a client's assertion of itself, in seconds.
const ASSERTION_LIFE: u64 = 60;

/// One client at one token endpoint.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) web: &'a Web,
    pub(crate) url: &'a Url,
    /// The authorization server, for which a client's assertion is meant.
    pub(crate) issuer: &'a str,
    pub(crate) registration: &'a Registration,
    /// What a client with `private_key_jwt` signs with.
    pub(crate) key: Option<&'a SigningKey>,
    pub(crate) dpop: Option<&'a DpopKey>,
}

/// What an authorization server gives.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    #[serde(default)]
    token_type: String,
    expires_in: Option<Seconds>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) scope: Option<String>,
    pub(crate) issued_token_type: Option<String>,
}

/// A lifetime, which some write as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    error_description: Option<String>,
}

impl TokenEndpoint<'_> {
    /// Asks for tokens with the parameters of a grant.
    pub(crate) async fn ask(&self, grant: &[(&str, &str)]) -> Result<TokenResponse, Error> {
        let answer = self.post(grant).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(self.url, &answer));
        }
        // What is wrong with it is not told: it may quote a token.
        serde_json::from_slice(answer.body()).map_err(|_| match error_response(self.url, &answer) {
            // There are those that refuse with a success.
            Some(refused) => refused,
            None => Error::untrusted(self.url, "its answer is no token response"),
        })
    }

    /// Posts a form, and once more if a proof lacked the server's nonce (RFC 9449, section 8).
    pub(crate) async fn post(&self, form: &[(&str, &str)]) -> Result<Response<Bytes>, Error> {
        let answer = self.try_post(form).await?;
        match self.dpop {
            Some(key)
                if key.learn(self.url, answer.headers())
                    && refusal(self.url, &answer).is_refusal("use_dpop_nonce") =>
            {
                self.try_post(form).await
            }
            _ => Ok(answer),
        }
    }

    async fn try_post(&self, form: &[(&str, &str)]) -> Result<Response<Bytes>, Error> {
        let mut headers = match self.dpop {
            Some(key) => key.proof(&Method::POST, self.url, None)?,
            None => HeaderMap::new(),
        };
        let body = self.authenticated(form, &mut headers)?;
        self.web.post_form(self.url, headers, body).await
    }

    /// The form, in which or beside which the client proves who it is (OAuth 2.1, section 2.4;
    /// RFC 7523, section 2.2).
    fn authenticated(
        &self,
        form: &[(&str, &str)],
        headers: &mut HeaderMap,
    ) -> Result<String, Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let Registration { client_id, client_secret, auth_method, .. } = self.registration;
        let secret = || {
            let secret = client_secret.as_ref().map(Secret::expose);
            secret.ok_or_else(|| Error::configuration("the client has no secret"))
        };
        // The id is no secret, and some servers look for it here, however a client proves itself.
        body.append_pair("client_id", client_id);
        match auth_method {
            TokenEndpointAuthMethod::ClientSecretBasic => {
                headers.insert(header::AUTHORIZATION, basic(client_id, secret()?)?);
            }
            TokenEndpointAuthMethod::ClientSecretPost => {
                body.append_pair("client_secret", secret()?);
            }
            TokenEndpointAuthMethod::None => {}
            TokenEndpointAuthMethod::PrivateKeyJwt => {
                const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let assertion = self.client_assertion()?;
                body.append_pair("client_assertion_type", TYPE)
                    .append_pair("client_assertion", &assertion);
            }
        }
        Ok(body.finish())
    }

    fn client_assertion(&self) -> Result<String, Error> {
        let missing = || Error::configuration("the client's private key is not set");
        let id = &self.registration.client_id;
        let issued_at = now();
        self.key.ok_or_else(missing)?.sign(&json!({
            "iss": id,
            "sub": id,
            "aud": self.issuer,
            "iat": issued_at,
            "exp": issued_at + ASSERTION_LIFE,
            "jti": random_text(),
        }))
    }
}

impl TokenResponse {
    /// How the access token is to be sent, if that is known here.
    pub(crate) fn token_type(&self, url: &Url) -> Result<TokenType, Error> {
        if self.token_type.eq_ignore_ascii_case("bearer") {
            return Ok(TokenType::Bearer);
        }
        if self.token_type.eq_ignore_ascii_case("dpop") {
            return Ok(TokenType::DPoP);
        }
        Err(Error::untrusted(url, "it gives access tokens of an unknown type"))
    }

    /// When the access token expires, in seconds since 1970.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        let seconds = match self.expires_in.as_ref()? {
            Seconds::Number(seconds) => *seconds,
            Seconds::Text(seconds) => seconds.parse().ok()?,
        };
        Some(now() + (seconds.max(0.0) as u64).min(LONGEST_LIFE))
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").finish_non_exhaustive()
    }
}

/// What an answer that is no success says.
pub(crate) fn refusal(url: &Url, answer: &Response<Bytes>) -> Error {
    let status = answer.status();
    match error_response(url, answer) {
        Some(refused) if status.is_client_error() => refused,
        _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            Error::untrusted(url, format!("it answers with HTTP status {status} and no reason"))
        }
        _ => unusable(url, status),
    }
}

fn error_response(url: &Url, answer: &Response<Bytes>) -> Option<Error> {
    let response = serde_json::from_slice(answer.body()).ok()?;
    let ErrorResponse { error, error_description } = response;
    Some(Error::Refused { url: At(url).to_string(), error, description: error_description })
}

/// The client's id and secret, each encoded as in a form (OAuth 2.1, section 2.4.1).
fn basic(id: &str, secret: &str) -> Result<HeaderValue, Error> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let header = HeaderValue::try_from(format!("Basic {pair}"));
    let mut header = header.map_err(|_| Error::configuration("the secret fits no header"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_encoded_before_they_are_joined() {
        let header = basic("a:b", "c d\u{e9}").unwrap();
        let pair = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        assert_eq!(STANDARD.decode(pair).unwrap(), b"a%3Ab:c+d%C3%A9");
        assert!(header.is_sensitive());
    }

    #[test]
    fn lifetimes_are_numbers_of_any_kind_within_reason() {
        let expires = |json: &str| {
            let response: TokenResponse = serde_json::from_str(json).unwrap();
            response.expires_at().map(|at| at - now())
        };
        assert_eq!(expires(r#"{"access_token":"a"}"#), None);
        let given = [("60", 60), ("60.5", 60), ("\"60\"", 60), ("-1", 0), ("1e300", LONGEST_LIFE)];
        for (given, seconds) in given {
            let json = format!(r#"{{"access_token":"a","expires_in":{given}}}"#);
            let left = expires(&json).unwrap();
            assert!(left == seconds || left + 1 == seconds, "{given}: {left}");
        }
    }

    #[test]
    fn no_debug_shows_a_token() {
        let response: TokenResponse =
            serde_json::from_str(r#"{"access_token":"s3cret","refresh_token":"s3cret"}"#).unwrap();
        assert!(!format!("{response:?}").contains("s3cret"));
    }
}
