//! The response of the token endpoint (OAuth 2.1, section 3.2.3).

use std::fmt;

use serde::Deserialize;

use crate::{
    clock::now,
    crypto::Secret,
    lenient,
    store::{TokenEndpointAuthMethod, TokenType},
};

/// The longest lifetime that is accepted, in seconds: ten years.
const MAX_LIFETIME: u64 = 10 * 365 * 24 * 60 * 60;

/// A successful token response.
///
/// Optional members of the wrong type count as absent. An error instead would lose the credentials,
/// because the code or the old refresh token is already used.
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    /// The authentication method with which the client got the response.
    pub(crate) auth_method: TokenEndpointAuthMethod,
    members: Members,
}

/// The members of a token response.
#[derive(Deserialize)]
struct Members {
    #[serde(default, deserialize_with = "lenient::value")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::text")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::seconds")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "lenient::value")]
    refresh_token: Option<Secret>,
    #[serde(default, deserialize_with = "lenient::value")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    issued_token_type: Option<String>,
    /// The tokens of the user, in responses of Slack for user scopes.
    #[serde(default, deserialize_with = "lenient::value")]
    authed_user: Option<Box<Members>>,
}

impl TokenResponse {
    /// Parses a response body.
    ///
    /// # Errors
    ///
    /// Returns a description of the violation if there is no access token, or if it cannot be sent.
    pub(crate) fn parse(
        body: &[u8],
        auth_method: TokenEndpointAuthMethod,
    ) -> Result<Self, &'static str> {
        // The parse error is not reported, because it may quote a token.
        let members: Members =
            serde_json::from_slice(body).map_err(|_| "its token response is invalid")?;
        let mut members = members.with_own_token_first();
        let access_token =
            members.access_token.take().ok_or("its token response has no access token")?;
        // A header cannot contain other characters.
        if !access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "the access token contains a space, a line break or another character that \
                        is not allowed in a header",
            );
        }
        Ok(Self { access_token, auth_method, members })
    }

    /// Returns the type of the access token.
    ///
    /// A token without a type, or of any type other than `DPoP`, is a bearer token: it is not bound
    /// to a key. Some servers name the type after its owner, such as `user` or `bot`.
    pub(crate) fn token_type(&self) -> TokenType {
        let given = self.members.token_type.as_deref().unwrap_or_default();
        if given.eq_ignore_ascii_case("dpop") {
            return TokenType::DPoP;
        }
        if !given.eq_ignore_ascii_case("bearer") {
            // The type may echo a secret of the request.
            tracing::debug!("using an access token of another type as a bearer token");
        }
        TokenType::Bearer
    }

    /// Returns the time at which the access token expires, in seconds since 1970.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        self.members.expires_in.map(|seconds| now() + seconds.min(MAX_LIFETIME))
    }

    /// Returns the refresh token. An empty one counts as absent.
    pub(crate) fn refresh_token(&self) -> Option<&Secret> {
        self.members.refresh_token.as_ref().filter(|token| !token.expose().is_empty())
    }

    /// Returns the granted scopes, if the server names them.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.members.scope.as_deref()
    }

    /// Returns the type of a token that was issued in an exchange (RFC 8693, section 2.2.1).
    pub(crate) fn issued_token_type(&self) -> Option<&str> {
        self.members.issued_token_type.as_deref()
    }
}

impl Members {
    /// Returns the members of `authed_user` instead, if only these have an access token.
    fn with_own_token_first(mut self) -> Self {
        let is_token = |token: &Secret| !token.expose().is_empty();
        self.access_token = self.access_token.filter(is_token);
        match self.authed_user.take() {
            Some(user) if self.access_token.is_none() => {
                Self { access_token: user.access_token.filter(is_token), ..*user }
            }
            _ => self,
        }
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<TokenResponse, &'static str> {
        TokenResponse::parse(json.as_bytes(), TokenEndpointAuthMethod::None)
    }

    /// A response with an access token and further members.
    fn with(members: &str) -> TokenResponse {
        parse(&format!(r#"{{"access_token":"s3cret"{members}}}"#)).unwrap()
    }

    #[test]
    fn reads_lifetimes_of_every_number_form_and_limits_them() {
        let given = [("60", 60), ("60.5", 60), ("\"60\"", 60), ("-1", 0), ("1e300", MAX_LIFETIME)];
        for (given, seconds) in given.into_iter().chain([("\"nan\"", 0)]) {
            let left = with(&format!(r#","expires_in":{given}"#)).expires_at().unwrap() - now();
            assert!(left == seconds || left + 1 == seconds, "{given}: {left}");
        }
        for unknown in ["", r#","expires_in":null"#, r#","expires_in":"soon""#] {
            assert_eq!(with(unknown).expires_at(), None, "{unknown}");
        }
    }

    #[test]
    fn ignores_optional_members_of_the_wrong_type() {
        for wrong in ["true", "[]", "{}", "[\"a\"]", "{\"a\":1}", "null"] {
            let response = with(&format!(r#","expires_in":{wrong},"scope":{wrong}"#));
            assert_eq!((response.expires_at(), response.scope()), (None, None), "{wrong}");
            assert_eq!(with(&format!(r#","refresh_token":{wrong}"#)).refresh_token(), None);
        }
        assert_eq!(with(r#","refresh_token":"""#).refresh_token(), None);
        let response = with(r#","refresh_token":"r","scope":"a b","expires_in":[]"#);
        assert_eq!(response.refresh_token(), Some(&Secret::new("r")));
        assert_eq!(response.scope(), Some("a b"));
    }

    #[test]
    fn rejects_a_response_without_a_token_that_can_be_sent() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":1}"#,
            r#"{"authed_user":{"id":"U1"}}"#,
            r#"{"access_token":"s3cret\r\nX-Evil: 1"}"#,
            r#"{"access_token":"s3cret "}"#,
            r#"{"access_token":"s3cr\u00e9t"}"#,
        ] {
            let reason = parse(json).unwrap_err();
            assert!(reason.contains("token") && !reason.contains("s3cr"), "{json}: {reason}");
        }
    }

    #[test]
    fn tokens_of_every_type_but_dpop_are_bearer_tokens() {
        let with_type = |given: &str| with(&format!(r#","token_type":{given}"#)).token_type();
        for bearer in
            [r#""Bearer""#, r#""BEARER""#, r#""""#, r#""bot""#, r#""user""#, "null", "1", "{}"]
        {
            assert_eq!(with_type(bearer), TokenType::Bearer, "{bearer}");
        }
        assert_eq!(with("").token_type(), TokenType::Bearer);
        for dpop in [r#""DPoP""#, r#""dpop""#] {
            assert_eq!(with_type(dpop), TokenType::DPoP, "{dpop}");
        }
    }

    #[test]
    fn the_token_of_the_user_is_used_if_there_is_no_other() {
        let user = r#""authed_user":{"access_token":"u","refresh_token":"r","token_type":"user"}"#;
        let response = parse(&format!("{{{user}}}")).unwrap();
        assert_eq!(response.access_token.expose(), "u");
        assert_eq!(response.refresh_token(), Some(&Secret::new("r")));
        let response = with(&format!(",{user}"));
        assert_eq!((response.access_token.expose(), response.refresh_token()), ("s3cret", None));
    }

    #[test]
    fn debug_shows_no_token() {
        let response = with(r#","refresh_token":"s3cret""#);
        assert!(!format!("{response:?}").contains("s3cret"));
    }
}
