//! The response of the token endpoint (OAuth 2.1, section 3.2.3).

use std::fmt;

use serde::{Deserialize, de::IgnoredAny};
use url::Url;

use crate::{clock::now, crypto::Secret, error::Error, store::TokenType};

/// The longest lifetime that is accepted, in seconds: ten years.
const MAX_LIFETIME: u64 = 10 * 365 * 24 * 60 * 60;

/// A successful token response.
///
/// Optional members of the wrong type count as absent. An error instead would lose the credentials,
/// because the old refresh token may already be revoked.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    #[serde(default)]
    token_type: String,
    expires_in: Option<Lenient<Seconds>>,
    refresh_token: Option<Lenient<Secret>>,
    scope: Option<Lenient<String>>,
    pub(crate) issued_token_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Valid(T),
    Invalid(IgnoredAny),
}

/// A lifetime. Some servers send it as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl<T> Lenient<T> {
    fn valid(&self) -> Option<&T> {
        match self {
            Self::Valid(it) => Some(it),
            Self::Invalid(_) => None,
        }
    }
}

impl TokenResponse {
    /// Parses a response body. Returns `None` if it has no access token.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        // The parse error is not reported, because it may quote a token.
        let response: Self = serde_json::from_slice(body).ok()?;
        (!response.access_token.expose().is_empty()).then_some(response)
    }

    /// Returns the type of the access token, or an error if the type is unknown.
    pub(crate) fn token_type(&self, url: &Url) -> Result<TokenType, Error> {
        if self.token_type.eq_ignore_ascii_case("bearer") {
            return Ok(TokenType::Bearer);
        }
        if self.token_type.eq_ignore_ascii_case("dpop") {
            return Ok(TokenType::DPoP);
        }
        Err(Error::untrusted(url, "the access token is of an unknown type"))
    }

    /// Returns the time at which the access token expires, in seconds since 1970.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        let seconds = match self.expires_in.as_ref()?.valid()? {
            Seconds::Number(seconds) => *seconds,
            Seconds::Text(seconds) => seconds.parse().ok()?,
        };
        Some(now() + (seconds.max(0.0) as u64).min(MAX_LIFETIME))
    }

    /// Returns the refresh token. An empty one counts as absent.
    pub(crate) fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()?.valid().filter(|token| !token.expose().is_empty())
    }

    /// Returns the granted scopes, if the server names them.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_ref()?.valid().map(String::as_str)
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

    /// A response with an access token and further members.
    fn with(members: &str) -> TokenResponse {
        let json = format!(r#"{{"access_token":"s3cret"{members}}}"#);
        TokenResponse::parse(json.as_bytes()).unwrap()
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
    fn a_response_without_an_access_token_is_none() {
        for json in ["", "[]", "{}", r#"{"access_token":""}"#, r#"{"access_token":1}"#] {
            assert!(TokenResponse::parse(json.as_bytes()).is_none(), "{json}");
        }
    }

    #[test]
    fn rejects_unknown_token_types() {
        let url = Url::parse("https://login.example/token").unwrap();
        let of = |given: &str| with(&format!(r#","token_type":"{given}""#)).token_type(&url);
        for (given, known) in [
            ("Bearer", TokenType::Bearer),
            ("BEARER", TokenType::Bearer),
            ("dpop", TokenType::DPoP),
        ] {
            assert_eq!(of(given).unwrap(), known);
        }
        for odd in ["", "mac", "N_A", "Bearer ", "bearer,dpop"] {
            assert!(matches!(of(odd), Err(Error::Untrusted { .. })), "{odd}");
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let response = with(r#","refresh_token":"s3cret""#);
        assert!(!format!("{response:?}").contains("s3cret"));
    }
}
