//! The secrets of a request, which are redacted in text of the server.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use mcp_client::{Redactor, SessionId, is_result};

use super::headers::Headers;
use crate::{auth::AccessToken, endpoint::Endpoint};

/// The secrets of one request.
///
/// The texts are collected, and the search is prepared, only if there is a text to redact. A
/// successful call costs nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestSecrets {
    pub(crate) token: Option<AccessToken>,
    /// The token that the server has rejected before, if this is the second attempt.
    pub(crate) rejected_token: Option<AccessToken>,
    pub(crate) session: Option<SessionId>,
    /// The secrets of all requests to the server.
    pub(crate) configured: ConfiguredSecrets,
    /// The caller's headers for this request only.
    pub(crate) call_headers: Option<Headers>,
    /// The URL that the request is sent to, if it is not that of the server.
    pub(crate) target: Option<Endpoint>,
    /// The values of the headers that the [`RequestSigner`](crate::RequestSigner) has added.
    pub(crate) signed: Vec<HeaderValue>,
    /// Prepared on first use.
    pub(crate) redactor: OnceLock<Redactor>,
}

/// The secrets of all requests to a server: the values of the configured headers and of the query.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfiguredSecrets(Option<Arc<(Headers, Endpoint)>>);

impl ConfiguredSecrets {
    pub(crate) fn new(headers: Headers, endpoint: Endpoint) -> Self {
        Self(Some(Arc::new((headers, endpoint))))
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|configured| {
            let (headers, endpoint) = &**configured;
            headers.secrets().map(str::to_owned).chain(endpoint.secrets())
        })
    }
}

impl RequestSecrets {
    /// Adds the session that the response assigns.
    pub(crate) fn add_session(&mut self, session: SessionId) {
        self.session = Some(session);
        self.redactor = OnceLock::new();
    }

    /// Adds the headers that a signer has added to the request.
    pub(crate) fn add_signed(&mut self, headers: &HeaderMap) {
        self.signed.extend(headers.values().cloned());
        self.redactor = OnceLock::new();
    }

    /// Returns the redactor of all secrets.
    pub(crate) fn redactor(&self) -> &Redactor {
        self.redactor.get_or_init(|| {
            let tokens = self.token.iter().chain(&self.rejected_token);
            let token = tokens.flat_map(AccessToken::secrets).map(str::to_owned);
            let session = self.session.iter().map(|session| session.expose().to_owned());
            let headers = self.call_headers.iter().flat_map(Headers::secrets).map(str::to_owned);
            let signed = self.signed.iter().filter_map(|value| value.to_str().ok());
            let texts = token.chain(session).chain(self.configured.texts()).chain(headers);
            let texts = texts.chain(self.target.iter().flat_map(Endpoint::secrets));
            Redactor::new(texts.chain(signed.map(str::to_owned)))
        })
    }

    /// Replaces the secrets in a message, unless it is a result. The caller gets results unchanged.
    pub(crate) fn redact_unless_result(&self, message: Bytes) -> Bytes {
        // Checks for a result first. This reads only the first bytes, while the search reads all
        // bytes.
        match is_result(&message) {
            true => message,
            false => self.redactor().redact_message(message, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> RequestSecrets {
        let endpoint = Endpoint::parse("https://a.example/?key=qu%65ry%2Fkey&page=2&bare-key");
        let headers =
            Headers::new().with("X-Key", "Token h3ader-key").with("Cookie", "a=c00kie; b");
        RequestSecrets {
            token: Some(AccessToken::new("t0ken-a")),
            session: SessionId::new(b"s3ssion"),
            configured: ConfiguredSecrets::new(headers, endpoint.unwrap()),
            call_headers: Some(Headers::new().with("X-Tenant", "t3nant")),
            target: Some(Endpoint::parse("https://a.example/?sessionId=m3ssages").unwrap()),
            ..RequestSecrets::default()
        }
    }

    #[test]
    fn redacts_all_secrets_of_a_request() {
        let mut secrets = secrets();
        for secret in [
            "t0ken-a",
            "s3ssion",
            "Token h3ader-key",
            "h3ader-key",
            "c00kie",
            "query/key",
            "qu%65ry%2Fkey",
            "bare-key",
            "t3nant",
            "m3ssages",
        ] {
            assert_eq!(secrets.redactor().redact(&format!("a {secret}.")), "a ****.", "{secret}");
        }
        let proof =
            HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("pr00f-x"))]);
        secrets.add_signed(&proof);
        assert_eq!(secrets.redactor().redact("pr00f-x t0ken-a"), "**** ****");
    }

    #[test]
    fn redacts_messages_except_results_and_prepares_nothing_for_a_result() {
        let secrets = secrets();
        for (message, redacted) in [
            (r#"{"result":{"text":"t0ken-a"}}"#, r#"{"result":{"text":"t0ken-a"}}"#),
            (r#"[{"result":"t0ken-a"}]"#, r#"[{"result":"t0ken-a"}]"#),
        ] {
            assert_eq!(secrets.redact_unless_result(message.into()), redacted);
        }
        assert!(secrets.redactor.get().is_none(), "a result needs no search");
        for (message, redacted) in [
            (r#"{"error":{"message":"bad t0ken-a"}}"#, r#"{"error":{"message":"bad ****"}}"#),
            (r#"{"error":{"result":"t0ken\u002Da"}}"#, r#"{"error":{"result":"****"}}"#),
            (r#"{"method":"result","id":"t0ken-a"}"#, r#"{"method":"result","id":"****"}"#),
            (r#"[{"error":{"result":"t0ken-a"}}]"#, r#"[{"error":{"result":"****"}}]"#),
            (r#"t0ken-a "result"#, r#"**** "result"#),
        ] {
            assert_eq!(secrets.redact_unless_result(message.into()), redacted);
        }
    }
}
