//! Redaction of secrets from the output of a server.

use std::{fmt, iter, sync::Arc};

use bytes::Bytes;
use mcp_client::{is_response, is_result};
use memchr::memmem;

/// The secrets that a server was given. The output of the server may contain them.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Arc<[String]>);

impl Redactor {
    /// The minimum length of a secret, in bytes. Shorter values, such as `true` or a port, are not
    /// secrets.
    const MIN_SECRET_LEN: usize = 6;

    pub(crate) fn new(values: impl IntoIterator<Item = String>) -> Self {
        // The lines of a secret, such as a key, may be printed one by one.
        let lines = values.into_iter().flat_map(|value| {
            let lines: Vec<_> = value.lines().map(|line| line.trim().to_owned()).collect();
            iter::once(value).chain(lines)
        });
        let secrets = lines.filter(|value| value.len() >= Self::MIN_SECRET_LEN);
        let mut variants: Vec<_> = secrets.flat_map(json_variants).collect();
        // Longer secrets come first, because one secret may be part of another.
        variants.sort_by(|one, other| (other.len(), other).cmp(&(one.len(), one)));
        variants.dedup();
        Self(variants.into())
    }

    /// Replaces the secrets in a text.
    pub(crate) fn redact(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.iter().fold(text, |text, value| text.replace(value.as_str(), "****"))
    }

    /// Replaces the secrets in a message if it is an error. The caller gets other messages
    /// unchanged.
    pub(crate) fn redact_error(&self, message: Bytes) -> Bytes {
        // Checks for a result first. Most messages are results, and the first bytes are enough to
        // tell.
        let is_error = !self.0.is_empty() && !is_result(&message) && is_response(&message);
        let is_in = |value: &String| memmem::find(&message, value.as_bytes()).is_some();
        match is_error && self.0.iter().any(is_in) {
            true => self.redact(&message).into(),
            false => message,
        }
    }

    /// Returns how many bytes at the end of an incomplete text may be the beginning of a secret.
    pub(crate) fn partial_secret_len(&self, text: &[u8]) -> usize {
        let partial = |value: &String| {
            let value = value.as_bytes();
            (1..value.len()).rev().find(|length| text.ends_with(&value[..*length]))
        };
        self.0.iter().filter_map(partial).max().unwrap_or_default()
    }
}

/// Returns a value unchanged, and in the forms in which JSON may escape it.
fn json_variants(value: String) -> impl Iterator<Item = String> {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let slashes = escaped.replace('/', "\\/");
    [value, escaped, slashes].into_iter()
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        Redactor::new(values.iter().map(|value| (*value).to_owned()))
    }

    #[test]
    fn redacts_all_occurrences_of_secrets() {
        let redactor = redactor(&["s3cret-key", "s3cret", "true", "s3cret"]);
        assert_eq!(
            redactor.redact(b"key=s3cret-key, s3cret\xff, true"),
            "key=****, ****\u{fffd}, true"
        );
        assert_eq!(format!("{redactor:?}"), "Redactor(2)");
    }

    #[test]
    fn redacts_json_escaped_secrets_and_single_lines() {
        let redactor = redactor(&["first-line\n  second/\"line\"\n"]);
        for text in [
            "first-line\n  second/\"line\"\n",
            r#"first-line\n  second/\"line\"\n"#,
            r#"first-line\n  second\/\"line\"\n"#,
        ] {
            assert_eq!(redactor.redact(text.as_bytes()), "****");
        }
        assert_eq!(redactor.redact(br#"2: second\/\"line\""#), "2: ****");
    }

    #[test]
    fn redacts_secrets_only_in_errors() {
        let redactor = redactor(&["s3cret"]);
        for (message, expected) in [
            (r#"{"result":"s3cret"}"#, r#"{"result":"s3cret"}"#),
            (r#"{"error":"bad s3cret"}"#, r#"{"error":"bad ****"}"#),
            (r#"{"method":"a","params":"s3cret"}"#, r#"{"method":"a","params":"s3cret"}"#),
        ] {
            assert_eq!(redactor.redact_error(message.into()), expected);
        }
    }

    #[test]
    fn finds_a_partial_secret_at_the_end() {
        let redactor = redactor(&["s3cret", "cret-key"]);
        for (text, expected) in [("a s3cre", 5), ("a s3cret", 4), ("a s", 1), ("a", 0), ("", 0)] {
            assert_eq!(redactor.partial_secret_len(text.as_bytes()), expected, "{text}");
        }
    }
}
