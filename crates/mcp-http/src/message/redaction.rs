//! The secrets of a request, which are redacted in text of the server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

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
    /// The URLs that the request is sent to, if they are not that of the server.
    pub(crate) targets: Vec<Endpoint>,
    /// The values of cookies that were sent or received.
    pub(crate) cookies: Vec<String>,
    /// The values of the headers that the [`RequestSigner`](crate::RequestSigner) has added.
    pub(crate) signed: Vec<HeaderValue>,
    /// The secrets of other requests, which the server may echo in a response to this one.
    pub(crate) recent: RecentSecrets,
}

/// The secrets of all requests to a server: the values of the configured headers and of the query.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfiguredSecrets(Option<Arc<(Headers, Endpoint)>>);

impl ConfiguredSecrets {
    pub(crate) fn new(headers: Headers, endpoint: Endpoint) -> Self {
        Self(Some(Arc::new((headers, endpoint))))
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
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
        self.remember();
    }

    /// Adds the URL that a redirect leads to.
    pub(crate) fn add_target(&mut self, target: Endpoint) {
        self.targets.push(target);
        self.remember();
    }

    /// Adds the values of cookies.
    pub(crate) fn add_cookies(&mut self, cookies: Vec<String>) {
        if !cookies.is_empty() {
            self.cookies.extend(cookies);
            self.remember();
        }
    }

    /// Adds the headers that a signer has added to the request.
    pub(crate) fn add_signed(&mut self, headers: &HeaderMap) {
        self.signed.extend(headers.values().cloned());
    }

    /// Adds these secrets to the recent ones. This is necessary before the server gets them.
    pub(crate) fn remember(&self) {
        self.recent.add(self);
    }

    /// Returns the redactor of these secrets, and of those of the other recent requests.
    pub(crate) fn redactor(&self) -> Redactor {
        self.recent.redactor(self)
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        let tokens = self.token.iter().chain(&self.rejected_token);
        let token = tokens.flat_map(AccessToken::secrets).map(str::to_owned);
        let session = self.session.iter().map(|session| session.expose().to_owned());
        let headers = self.call_headers.iter().flat_map(Headers::secrets).map(str::to_owned);
        let signed = self.signed.iter().filter_map(|value| value.to_str().ok());
        let texts = token.chain(session).chain(self.configured.texts()).chain(headers);
        let texts = texts.chain(self.targets.iter().flat_map(Endpoint::secrets));
        let texts = texts.chain(self.cookies.iter().cloned());
        texts.chain(signed.map(str::to_owned))
    }

    /// Returns whether both requests have the same secrets.
    fn is_same(&self, other: &Self) -> bool {
        self.token == other.token
            && self.rejected_token == other.rejected_token
            && self.session == other.session
            && self.call_headers == other.call_headers
            && self.targets == other.targets
            && self.cookies == other.cookies
            && self.signed == other.signed
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

/// The secrets of the latest requests of one user to a server. Clones share them.
///
/// A server may echo a secret later than in the response to its request: in a result, on the stream
/// of HTTP+SSE, or after the token was replaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecentSecrets(Arc<Mutex<Recent>>);

#[derive(Debug, Default)]
struct Recent {
    /// The secrets of the requests, oldest first. Requests with the same secrets have one entry.
    requests: VecDeque<RequestSecrets>,
    /// Prepared on first use.
    redactor: Option<Redactor>,
}

impl RecentSecrets {
    /// The maximum number of requests with different secrets.
    const MAX_REQUESTS: usize = 64;

    fn add(&self, secrets: &RequestSecrets) {
        let mut recent = self.lock();
        if recent.contains(secrets) {
            return;
        }
        if recent.requests.len() == Self::MAX_REQUESTS {
            recent.requests.pop_front();
        }
        recent.redactor = None;
        recent.requests.push_back(RequestSecrets { recent: Self::default(), ..secrets.clone() });
    }

    /// Returns the redactor of the recent secrets and of those of one request.
    fn redactor(&self, secrets: &RequestSecrets) -> Redactor {
        let mut recent = self.lock();
        let redactor = match recent.redactor.clone() {
            Some(redactor) => redactor,
            None => {
                let requests = recent.requests.iter();
                let redactor = Redactor::new(requests.flat_map(RequestSecrets::texts));
                recent.redactor.insert(redactor).clone()
            }
        };
        match recent.contains(secrets) {
            true => redactor,
            false => redactor.with(secrets.texts()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    fn contains(&self, secrets: &RequestSecrets) -> bool {
        // The latest request is the most likely one.
        self.requests.iter().rev().any(|known| known.is_same(secrets))
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
            targets: vec![Endpoint::parse("https://a.example/?sessionId=m3ssages").unwrap()],
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
        secrets.add_cookies(vec!["jar-c00kie".to_owned()]);
        assert_eq!(secrets.redactor().redact("a jar-c00kie."), "a ****.");
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
        assert!(secrets.recent.lock().redactor.is_none(), "a result needs no search");
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

    #[test]
    fn secrets_of_other_requests_are_redacted_up_to_a_limit() {
        let recent = RecentSecrets::default();
        let with_token = |token: String| RequestSecrets {
            token: Some(AccessToken::new(token)),
            recent: recent.clone(),
            ..RequestSecrets::default()
        };
        let first = with_token("t0ken-first".to_owned());
        first.remember();
        for number in 1..RecentSecrets::MAX_REQUESTS {
            let next = with_token(format!("t0ken-{number:03}"));
            next.remember();
            // The same secrets count only once.
            next.remember();
            assert_eq!(next.redactor().redact("t0ken-first t0ken-001"), "**** ****");
        }
        let last = with_token("t0ken-last".to_owned());
        last.remember();
        assert_eq!(recent.lock().requests.len(), RecentSecrets::MAX_REQUESTS);
        assert_eq!(last.redactor().redact("t0ken-first t0ken-001"), "t0ken-first ****");
        // A request that is still open knows its own secrets.
        assert_eq!(first.redactor().redact("t0ken-first t0ken-last"), "**** ****");
    }
}
