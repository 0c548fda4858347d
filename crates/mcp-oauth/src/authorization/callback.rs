//! The query parameters of the redirect back to the application.

use url::form_urlencoded;

use crate::crypto::sha256;

/// The largest callback that is parsed, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The parameters of an authorization response (OAuth 2.1, section 4.1.2; RFC 9207).
#[derive(Default)]
pub(crate) struct Callback {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
}

impl Callback {
    /// Parses a URL, its path and query, or its query alone. Returns `None` if it is too long, or
    /// if a parameter is repeated.
    pub(crate) fn parse(callback: &str) -> Option<Self> {
        if callback.len() > MAX_LENGTH {
            return None;
        }
        // A pasted text may have spaces or a line break around it.
        let callback = callback.trim();
        // The query may contain question marks itself.
        let query = match callback.split_once('?') {
            Some((before, query)) if !before.contains(['=', '&']) => query,
            _ => callback,
        };
        let query = query.split('#').next().unwrap_or_default();
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let parameter = match &*name {
                "code" => &mut parsed.code,
                "state" => &mut parsed.state,
                "iss" => &mut parsed.iss,
                "error" => &mut parsed.error,
                "error_description" => &mut parsed.error_description,
                _ => continue,
            };
            if parameter.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(parsed)
    }

    /// Returns `true` if the parameter `state` is the expected one. Compares digests, so that the
    /// time of the comparison does not reveal the position of a difference.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        let digest = |text: &str| sha256(text.as_bytes());
        self.state.as_deref().is_some_and(|received| digest(received) == digest(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_url_a_path_and_a_query() {
        for before in ["https://app.example/callback?", "app.example:/?", "/callback?", "?", ""] {
            for after in ["", "#", "#code=other"] {
                let callback =
                    format!(" {before}code=a?b%3D&state=x%20y&iss=https://i/?z{after}\n");
                let parsed = Callback::parse(&callback).unwrap();
                assert_eq!(parsed.code.as_deref(), Some("a?b="), "{callback}");
                assert!(parsed.has_state("x y") && !parsed.has_state("x"), "{callback}");
                assert_eq!(parsed.iss.as_deref(), Some("https://i/?z"), "{callback}");
            }
        }
    }

    #[test]
    fn a_callback_is_read_up_to_64_kib() {
        let padded = |length: usize| format!("code=a&x={}", "x".repeat(length - 9));
        let largest = Callback::parse(&padded(64 * 1024)).unwrap();
        assert_eq!(largest.code.as_deref(), Some("a"));
        assert!(Callback::parse(&padded(64 * 1024 + 1)).is_none());
    }
}
