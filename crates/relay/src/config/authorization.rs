//! The credentials in an `Authorization` header of a configuration.

use mcp_http::AccessToken;

/// Schemes of the header. One of them without credentials counts as no header.
const SCHEMES: [&str; 4] = ["apikey", "basic", "bearer", "token"];

/// Returns the credentials of an `Authorization` header. `None` if there are none, such as after
/// `Bearer ${TOKEN:-}` without the variable.
///
/// # Errors
/// Returns a message if the header contains a character that is not allowed.
pub(crate) fn credentials(value: &str) -> Result<Option<AccessToken>, String> {
    let value = value.trim();
    if value.is_empty() || SCHEMES.iter().any(|scheme| value.eq_ignore_ascii_case(scheme)) {
        return Ok(None);
    }
    let credentials = AccessToken::from_authorization(value);
    match credentials.is_valid() {
        true => Ok(Some(credentials)),
        false => Err("header \"Authorization\": its value contains a character that is not \
                      allowed in a header"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_without_credentials_is_no_header() {
        for value in ["", " ", "Bearer", "bearer ", "Basic "] {
            assert_eq!(credentials(value), Ok(None), "{value}");
        }
        let read = |value| credentials(value).unwrap().unwrap();
        assert_eq!(read("Bearer a"), AccessToken::new("a"));
        assert_eq!(read("Basic YTpi"), AccessToken::basic("a", "b"));
        assert_eq!(read("key"), AccessToken::from_authorization("key"));
        assert!(credentials("a\u{e9}").unwrap_err().contains("not allowed"));
    }
}
