//! Asking for tokens (OAuth 2.1, section 3.2).

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{dpop::DpopKey, response::TokenResponse};
use crate::{
    clock::now,
    crypto::{Secret, SigningKey, random_text},
    error::Error,
    http::{Web, error_response, refusal},
    store::{Registration, TokenEndpointAuthMethod},
};

/// The life of a client's assertion of itself, in seconds.
const ASSERTION_LIFE: u64 = 60;

/// What of a form is no secret.
const PUBLIC: [&str; 10] = [
    "audience",
    "client_assertion_type",
    "client_id",
    "grant_type",
    "redirect_uri",
    "requested_token_type",
    "resource",
    "scope",
    "subject_token_type",
    "token_type_hint",
];
/// The shortest secret that is looked for in a refusal: a shorter one may be there by chance.
const SHORTEST: usize = 4;

/// One client at one token endpoint.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) web: &'a Web,
    pub(crate) url: &'a Url,
    /// The authorization server, for which a client's assertion is meant.
    pub(crate) issuer: &'a str,
    pub(crate) registration: &'a Registration,
    /// What a client with a secret proves itself by.
    pub(crate) secret: Option<&'a Secret>,
    /// What a client with `private_key_jwt` signs with.
    pub(crate) key: Option<&'a SigningKey>,
    pub(crate) dpop: Option<&'a DpopKey>,
}

/// What came back, and for which form.
struct Answer {
    response: Response<Bytes>,
    form: String,
}

impl TokenEndpoint<'_> {
    /// Asks for tokens with the parameters of a grant.
    pub(crate) async fn ask(&self, grant: &[(&str, &str)]) -> Result<TokenResponse, Error> {
        let answer = self.post(grant).await?;
        TokenResponse::read(answer.response.body()).ok_or_else(|| {
            // There are those that refuse with a success.
            error_response(self.url, &answer.response).map_or_else(
                || Error::untrusted(self.url, "its answer is no token response"),
                |refused| self.masked(refused, &answer.form),
            )
        })
    }

    /// Posts a form that is answered with success, whatever else the answer says.
    pub(crate) async fn tell(&self, form: &[(&str, &str)]) -> Result<(), Error> {
        self.post(form).await.map(drop)
    }

    /// Posts a form, and once more if a proof lacked the server's nonce (RFC 9449, section 8).
    async fn post(&self, form: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut answer = self.try_post(form).await?;
        if let Some(key) = self.dpop
            && key.learn(self.url, answer.response.headers())
            && refusal(self.url, &answer.response).is_refusal("use_dpop_nonce")
        {
            answer = self.try_post(form).await?;
        }
        match answer.response.status().is_success() {
            true => Ok(answer),
            false => Err(self.masked(refusal(self.url, &answer.response), &answer.form)),
        }
    }

    async fn try_post(&self, form: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut headers = match self.dpop {
            Some(key) => key.proof(&Method::POST, self.url, None)?,
            None => HeaderMap::new(),
        };
        let form = self.authenticated(form, &mut headers)?;
        let response = self.web.post_form(self.url, headers, form.clone()).await?;
        Ok(Answer { response, form })
    }

    /// A refusal without the secrets of the form, which a server may repeat to say what is wrong.
    fn masked(&self, refusal: Error, form: &str) -> Error {
        let Error::Refused { url, error, description } = refusal else { return refusal };
        let sent = form_urlencoded::parse(form.as_bytes());
        let sent = sent.filter(|(name, _)| !PUBLIC.contains(&&**name)).map(|(_, value)| value);
        let secret = self.secret.map(|it| it.expose().into());
        let secrets: Vec<Cow<'_, str>> = sent.chain(secret).collect();
        let masked = |text: String| {
            let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
            secrets.fold(text, |text, secret| text.replace(&**secret, "****"))
        };
        Error::Refused { url, error: masked(error), description: description.map(masked) }
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
        let Registration { client_id, auth_method, .. } = self.registration;
        let secret = || {
            let reason = || format!("the client {client_id:?} has no secret to prove itself by");
            self.secret.map(Secret::expose).ok_or_else(|| Error::configuration(reason()))
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
}
