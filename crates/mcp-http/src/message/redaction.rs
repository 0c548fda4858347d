//! Redaction of a request's secrets in text of the server, which may echo them.

use std::{borrow::Cow, iter};

use bytes::Bytes;
use mcp_client::{SessionId, is_result};
use memchr::memmem;

use crate::auth::AccessToken;

/// The replacement for a secret.
const REPLACEMENT: &str = "****";
/// The minimum length of a secret to redact, in bytes. A shorter one would also match parts of
/// words.
const MIN_SECRET_LEN: usize = 4;

/// The secrets of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestSecrets {
    pub(crate) token: Option<AccessToken>,
    pub(crate) session: Option<SessionId>,
}

impl RequestSecrets {
    /// Replaces the secrets in a text.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.variants().fold(text.to_owned(), |text, secret| text.replace(&*secret, REPLACEMENT))
    }

    /// Replaces the secrets in a body.
    pub(crate) fn redact_bytes(&self, body: Bytes) -> Bytes {
        match self.occur_in(&body) {
            true => self.redact(&String::from_utf8_lossy(&body)).into(),
            false => body,
        }
    }

    /// Replaces the secrets in a truncated body, and removes the beginning of a secret at its end.
    pub(crate) fn redact_truncated(&self, body: &Bytes) -> Bytes {
        let partial = |secret: Cow<'_, str>| {
            let bytes = secret.as_bytes();
            (1..bytes.len()).rev().find(|length| body.ends_with(&bytes[..*length]))
        };
        let cut = self.variants().filter_map(partial).max().unwrap_or_default();
        self.redact_bytes(body.slice(..body.len() - cut))
    }

    /// Replaces the secrets in a message, unless it is a result. The caller gets results unchanged.
    pub(crate) fn redact_unless_result(&self, message: Bytes) -> Bytes {
        // Checks for a result first. This reads only the first bytes, while the search reads all
        // bytes.
        match is_result(&message) {
            true => message,
            false => self.redact_bytes(message),
        }
    }

    fn occur_in(&self, bytes: &[u8]) -> bool {
        self.variants().any(|secret| memmem::find(bytes, secret.as_bytes()).is_some())
    }

    /// Returns the secrets, each also in the form that it has in JSON with escaped slashes.
    fn variants(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let token = self.token.as_ref().map(AccessToken::expose);
        let session = self.session.as_ref().map(SessionId::expose);
        let secrets =
            token.into_iter().chain(session).filter(|secret| secret.len() >= MIN_SECRET_LEN);
        secrets.flat_map(|secret| {
            let escaped = secret.contains('/').then(|| secret.replace('/', "\\/").into());
            iter::once(Cow::Borrowed(secret)).chain(escaped)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacts_secrets_except_in_results() {
        let token = Some(AccessToken::new("t0ken"));
        let session = SessionId::new(b"s3ssion");
        let secrets = RequestSecrets { token, session };
        assert_eq!(secrets.redact("t0ken, s3ssion and t0ken"), "****, **** and ****");
        for (message, redacted) in [
            (r#"{"error":{"message":"bad t0ken"}}"#, r#"{"error":{"message":"bad ****"}}"#),
            (r#"{"result":{"text":"t0ken"}}"#, r#"{"result":{"text":"t0ken"}}"#),
            (r#"{"error":"\"result\" t0ken"}"#, r#"{"error":"\"result\" ****"}"#),
            (r#"{"error":{"result":"t0ken"}}"#, r#"{"error":{"result":"****"}}"#),
            (r#"{"method":"result","id":"t0ken"}"#, r#"{"method":"result","id":"****"}"#),
            (
                r#"{"a":"\\","b":"}", "result" :"t0ken"}"#,
                r#"{"a":"\\","b":"}", "result" :"t0ken"}"#,
            ),
            (r#"[{"result":"t0ken"}]"#, r#"[{"result":"t0ken"}]"#),
            (r#"[{"error":{"result":"t0ken"}}]"#, r#"[{"error":{"result":"****"}}]"#),
            (r#"t0ken "result"#, r#"**** "result"#),
        ] {
            assert_eq!(secrets.redact_unless_result(message.into()), redacted);
        }
    }

    #[test]
    fn redacts_secrets_with_json_escaped_slashes() {
        let secrets = RequestSecrets { token: Some(AccessToken::new("t0/k/en")), session: None };
        let message = Bytes::from_static(br#"{"error":"bad t0\/k\/en, t0/k/en"}"#);
        assert_eq!(secrets.redact_unless_result(message), r#"{"error":"bad ****, ****"}"#);
    }

    #[test]
    fn redacts_a_partial_secret_at_the_end_of_a_truncated_body() {
        let secrets = RequestSecrets { token: Some(AccessToken::new("t0ken")), session: None };
        for (body, redacted) in [("a t0ken t0k", "a **** "), ("a b", "a b"), ("t0ke", ""), ("", "")]
        {
            assert_eq!(secrets.redact_truncated(&body.into()), redacted);
        }
    }

    #[test]
    fn does_not_redact_secrets_shorter_than_four_bytes() {
        let secrets = RequestSecrets { token: Some(AccessToken::new("a")), session: None };
        assert_eq!(secrets.redact("a token"), "a token");
    }
}
