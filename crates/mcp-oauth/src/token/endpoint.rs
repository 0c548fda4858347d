//! Requests to the token endpoint, with client authentication (OAuth 2.1, sections 2.4 and 3.2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use mcp_http::mcp_client::Redactor;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{
    dpop::{DPOP, DpopKey},
    response::TokenResponse,
};
use crate::{
    clock::now,
    crypto::{Secret, SigningKey, random_text},
    error::{DisplayUrl, Error},
    http::{GuardedClient, error_from_response, parse_error_response},
    store::{ClientRegistration, TokenEndpointAuthMethod},
};

/// The lifetime of a client assertion, in seconds.
const ASSERTION_LIFETIME: u64 = 60;

/// The form parameters that are not secret.
const NON_SECRET_PARAMETERS: [&str; 10] = [
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

/// The token endpoint, or another endpoint with the same client authentication, for one client.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) http: &'a GuardedClient,
    pub(crate) url: &'a Url,
    /// The authorization server, which is the audience of client assertions.
    pub(crate) issuer: &'a str,
    pub(crate) registration: &'a ClientRegistration,
    /// The client secret, for `client_secret_basic` and `client_secret_post`.
    pub(crate) secret: Option<&'a Secret>,
    /// The key that signs client assertions, for `private_key_jwt`.
    pub(crate) key: Option<&'a SigningKey>,
    /// Set if the authentication method is configured, so that no other one is tried.
    pub(crate) is_auth_method_configured: bool,
    pub(crate) dpop: Option<&'a DpopKey>,
}

/// A response, and what was posted.
struct PostedForm {
    response: Response<Bytes>,
    /// The headers with the client authentication and the DPoP proof.
    headers: HeaderMap,
    form: String,
}

impl TokenEndpoint<'_> {
    /// Requests tokens with the parameters of a grant.
    pub(crate) async fn request_token(
        &self,
        grant: &[(&str, &str)],
    ) -> Result<TokenResponse, Error> {
        self.post(grant, |posted, auth_method| {
            TokenResponse::parse(posted.response.body(), auth_method).map_err(|invalid| {
                // Some servers send error responses with a success status.
                parse_error_response(self.url, &posted.response, &self.redactor(posted))
                    .unwrap_or_else(|| Error::untrusted(self.url, invalid))
            })
        })
        .await
    }

    /// Posts a form, and returns the body of a successful response.
    pub(crate) async fn send_for_body(&self, form: &[(&str, &str)]) -> Result<Bytes, Error> {
        self.post(form, |posted, _| Ok(posted.response.body().clone())).await
    }

    /// Posts a form, and ignores the body of a successful response.
    pub(crate) async fn send(&self, form: &[(&str, &str)]) -> Result<(), Error> {
        self.post(form, |_, _| Ok(())).await
    }

    /// Posts a form, and reads the response with `read`.
    ///
    /// If the server rejects the client authentication, posts the form once more with the other
    /// method for the same secret. A server that rejects the authentication has not used the code or
    /// the refresh token of the form.
    async fn post<T>(
        &self,
        form: &[(&str, &str)],
        read: impl Fn(&PostedForm, TokenEndpointAuthMethod) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let auth_method = self.registration.auth_method;
        let error = match self.post_authenticated(form, auth_method, &read).await {
            Err(error) if error.may_reject_client_authentication() => error,
            outcome => return outcome,
        };
        let Some(other) = self.other_auth_method() else { return Err(error) };
        let (url, method) = (DisplayUrl(self.url), other.as_str());
        tracing::debug!(%url, method, "trying another client authentication method");
        match self.post_authenticated(form, other, &read).await {
            Err(second) if second.may_reject_client_authentication() => Err(error),
            outcome => outcome,
        }
    }

    /// Posts a form with one authentication method. Posts it once more if the proof lacked the
    /// server's nonce (RFC 9449, section 8).
    async fn post_authenticated<T>(
        &self,
        form: &[(&str, &str)],
        auth_method: TokenEndpointAuthMethod,
        read: impl Fn(&PostedForm, TokenEndpointAuthMethod) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut posted = self.post_once(form, auth_method).await?;
        if let Some(key) = self.dpop
            && key.record_nonce(self.url, posted.response.headers())
            && error_from_response(self.url, &posted.response, &Redactor::default())
                .has_code("use_dpop_nonce")
        {
            posted = self.post_once(form, auth_method).await?;
        }
        match posted.response.status().is_success() {
            true => read(&posted, auth_method),
            false => {
                let redactor = self.redactor(&posted);
                Err(error_from_response(self.url, &posted.response, &redactor))
            }
        }
    }

    async fn post_once(
        &self,
        form: &[(&str, &str)],
        auth_method: TokenEndpointAuthMethod,
    ) -> Result<PostedForm, Error> {
        let mut headers = match self.dpop {
            Some(key) => key.proof(&Method::POST, self.url, None)?,
            None => HeaderMap::new(),
        };
        let form = self.with_client_authentication(form, auth_method, &mut headers)?;
        let response = self.http.post_form(self.url, headers.clone(), form.clone()).await?;
        Ok(PostedForm { response, headers, form })
    }

    /// Returns the method to try if the server rejects the registered one. `None` if the method is
    /// configured, or if the client has no secret.
    fn other_auth_method(&self) -> Option<TokenEndpointAuthMethod> {
        use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost};
        self.secret.filter(|_| !self.is_auth_method_configured)?;
        match self.registration.auth_method {
            ClientSecretBasic | TokenEndpointAuthMethod::None => Some(ClientSecretPost),
            ClientSecretPost => Some(ClientSecretBasic),
            TokenEndpointAuthMethod::PrivateKeyJwt => None,
        }
    }

    /// Returns the secrets of a request, which an error response may quote.
    fn redactor(&self, posted: &PostedForm) -> Redactor {
        let sent = form_urlencoded::parse(posted.form.as_bytes());
        let sent = sent
            .filter(|(name, _)| !NON_SECRET_PARAMETERS.contains(&&**name))
            .map(|(_, value)| value.into_owned());
        let secret = self.secret.map(|it| it.expose().to_owned());
        let headers = [header::AUTHORIZATION, DPOP].into_iter();
        let headers = headers.filter_map(|name| posted.headers.get(name)?.to_str().ok());
        // Without the scheme, such as `Basic`.
        let credentials = headers.filter_map(|value| value.rsplit(' ').next().map(str::to_owned));
        Redactor::new(sent.chain(secret).chain(credentials))
    }

    /// Returns the form with the client authentication (OAuth 2.1, section 2.4; RFC 7523, section
    /// 2.2). The method `client_secret_basic` adds a header instead, and leaves the client ID out of
    /// the form: some servers count both as two methods, and reject the request.
    fn with_client_authentication(
        &self,
        form: &[(&str, &str)],
        auth_method: TokenEndpointAuthMethod,
        headers: &mut HeaderMap,
    ) -> Result<String, Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let client_id = &self.registration.client_id;
        let secret = || {
            let reason = || format!("client {client_id:?} has no client secret");
            self.secret.map(Secret::expose).ok_or_else(|| Error::configuration(reason()))
        };
        if auth_method != TokenEndpointAuthMethod::ClientSecretBasic {
            body.append_pair("client_id", client_id);
        }
        match auth_method {
            TokenEndpointAuthMethod::ClientSecretBasic => {
                headers.insert(header::AUTHORIZATION, basic_authorization(client_id, secret()?)?);
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
        let id = &self.registration.client_id;
        let missing = || Error::configuration(format!("client {id:?} has no private key"));
        let issued_at = now();
        self.key.ok_or_else(missing)?.sign(&json!({
            "iss": id,
            "sub": id,
            "aud": self.issuer,
            "iat": issued_at,
            "exp": issued_at + ASSERTION_LIFETIME,
            "jti": random_text(),
        }))
    }
}

/// Returns the `Authorization` header. Form-encodes the ID and the secret first (OAuth 2.1, section
/// 2.4.1).
fn basic_authorization(id: &str, secret: &str) -> Result<HeaderValue, Error> {
    let pair = STANDARD.encode(format!("{}:{}", percent_encode(id), percent_encode(secret)));
    let header = HeaderValue::try_from(format!("Basic {pair}"));
    let mut header = header
        .map_err(|_| Error::configuration("the client secret is not a valid header value"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Encodes text so that servers that decode forms, servers that decode URLs, and servers that do not
/// decode at all read the same text if possible: a space as `%20`, and `-._~` unchanged.
fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_id_and_secret_before_joining_them() {
        for (secret, encoded) in
            [("c d\u{e9}", "c%20d%C3%A9"), ("p+w:d/=~", "p%2Bw%3Ad%2F%3D~"), ("a-b._~", "a-b._~")]
        {
            let header = basic_authorization("a:b", secret).unwrap();
            let pair = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
            assert_eq!(STANDARD.decode(pair).unwrap(), format!("a%3Ab:{encoded}").as_bytes());
            assert!(header.is_sensitive());
            // A server that decodes forms gets the secret back.
            let decoded = form_urlencoded::parse(encoded.as_bytes()).next().unwrap().0;
            assert_eq!(decoded, secret);
        }
    }
}
