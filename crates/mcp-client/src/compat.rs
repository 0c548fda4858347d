//! Deviations of real servers from the specification that the client accepts.
//!
//! Each of them is a [`Deviation`], which says who needs it. All code that accepts a deviation calls
//! this module, which counts it. A deviation never hides a message, a token or a failure.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mcp_types::{JsonRpcMessage, Method, RequestId, v2026_07_28::CallToolRequest};
use memchr::memmem;
use serde_json::{Value, json};

/// A deviation of a server from the specification that the client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deviation {
    /// A response has the id of its request as a string: `"1"` for `1`. Both reference SDKs accept
    /// this (pull request 1520 of modelcontextprotocol/python-sdk). Accepted since version 0.1.
    IdAsString,
    /// An error has no id. On a shared connection it belongs to the only pending request. Servers
    /// respond like this to an unknown first method. Accepted since version 0.1.
    ErrorWithoutId,
    /// A message begins with a byte order mark. Programs on Windows write one at the start of their
    /// output. Accepted since version 0.1.
    ByteOrderMark,
    /// A text contains half of a surrogate pair, such as the method `slice` of JavaScript leaves. It
    /// becomes U+FFFD. Accepted since version 0.1.
    LoneSurrogate,
    /// The result of a tool call has structured content, and lacks `content`. The catalog of Shopify
    /// sends such results (issue 20171 of vercel/ai). Accepted since version 0.1.
    MissingContent,
    /// The last page of a list has an empty cursor, up to 2025-11-25 (issue 575 of
    /// modelcontextprotocol/java-sdk, issue 1072 of modelcontextprotocol/csharp-sdk). Accepted since
    /// version 0.1.
    EmptyCursor,
    /// The server declares no capabilities at all, and may have tools (issue 5918 of Reasonix). The
    /// client sends the request then. Accepted since version 0.1.
    NoCapabilities,
    /// The server accepted `server/discover`, and sent no response (issue 11965 of goose, about the
    /// gateway of LiteLLM), or something else than a response, such as an HTML page. The client sends `initialize` then. Accepted since version 0.1.
    NoDiscoverResponse,
    /// The server, or a gateway before it, rejected `server/discover` with the status 401, 403 or 5xx,
    /// and accepted `initialize` (pull request 2434 of adcp-client). Accepted since version 0.1.
    DiscoverRejected,
    /// The server no longer knows the session, and says so with the status 400 and a text. The
    /// reference server of the specification does this, and servers modelled on it. The client then
    /// opens a new session, as it does after a 404. Accepted since version 0.1.
    LostSessionAs400,
    /// An event stream contains a text that is not a JSON-RPC message, such as a keep-alive of a
    /// gateway. Both reference SDKs pass over it. Accepted since version 0.1.
    TextInStream,
}

impl Deviation {
    /// All deviations.
    pub const ALL: [Self; 11] = [
        Self::IdAsString,
        Self::ErrorWithoutId,
        Self::ByteOrderMark,
        Self::LoneSurrogate,
        Self::MissingContent,
        Self::EmptyCursor,
        Self::NoCapabilities,
        Self::NoDiscoverResponse,
        Self::DiscoverRejected,
        Self::LostSessionAs400,
        Self::TextInStream,
    ];

    /// Returns a description in one sentence, for a report about the server.
    pub fn description(self) -> &'static str {
        match self {
            Self::IdAsString => "it sends the ids of requests back as strings",
            Self::ErrorWithoutId => "it sends errors without the id of the request",
            Self::ByteOrderMark => "its messages begin with a byte order mark",
            Self::LoneSurrogate => "its texts contain half of a surrogate pair",
            Self::MissingContent => "its tool results have structured content but no content",
            Self::EmptyCursor => "its last page has an empty cursor",
            Self::NoCapabilities => "it declares no capabilities",
            Self::NoDiscoverResponse => "it accepts \"server/discover\" and sends no response",
            Self::DiscoverRejected => "it rejects \"server/discover\" and accepts \"initialize\"",
            Self::LostSessionAs400 => "it reports a lost session with the status 400",
            Self::TextInStream => "its event streams contain texts that are not messages",
        }
    }
}

/// The deviations of one server, counted for all its users. Clones share the counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deviations(Arc<[AtomicU64; Deviation::ALL.len()]>);

impl Deviations {
    /// Counts a deviation, and traces the first one of each kind.
    pub(crate) fn record(&self, deviation: Deviation) {
        if self.0[deviation as usize].fetch_add(1, Ordering::Relaxed) == 0 {
            let description = deviation.description();
            tracing::debug!(?deviation, description, "accepted a deviation of the server");
        }
    }

    /// Returns the deviations so far, with the number of times.
    pub(crate) fn counts(&self) -> Vec<(Deviation, u64)> {
        let count = |deviation| (deviation, self.0[deviation as usize].load(Ordering::Relaxed));
        Deviation::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect()
    }
}

/// Returns `true` if the text of an error says that the server does not know the session.
///
/// Servers report a lost session with different statuses, and only their text tells it from other
/// errors. The word "session" alone is not enough, because a tool may have other sessions.
pub fn names_lost_session(text: &[u8]) -> bool {
    const PHRASES: [&str; 7] = [
        "session id",
        "session-id",
        "sessionid",
        "session not found",
        "no valid session",
        "invalid session",
        "unknown session",
    ];
    let text = text.to_ascii_lowercase();
    PHRASES.iter().any(|phrase| memmem::find(&text, phrase.as_bytes()).is_some())
}

/// Returns the id as a number, if it is a number in a string. The client sends no such strings.
pub(crate) fn numeric_id(id: &RequestId) -> Option<RequestId> {
    match id {
        RequestId::String(text) => {
            let number: i64 = text.parse().ok()?;
            (number.to_string() == *text).then_some(RequestId::Number(number))
        }
        RequestId::Number(_) => None,
    }
}

/// Returns the message without a byte order mark at its beginning.
pub(crate) fn without_bom(message: &[u8]) -> &[u8] {
    message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message)
}

/// Repairs a message that cannot be decoded. Returns `None` if it has no known deviation.
pub(crate) fn repair(method: &str, message: &[u8]) -> Option<(Vec<u8>, Vec<Deviation>)> {
    let mut deviations = Vec::new();
    let mut repaired = without_bom(message).to_vec();
    if repaired.len() < message.len() {
        deviations.push(Deviation::ByteOrderMark);
    }
    if let Some(text) = without_lone_surrogates(&repaired) {
        repaired = text;
        deviations.push(Deviation::LoneSurrogate);
    }
    if method == CallToolRequest::NAME
        && let Some(result) = with_content(&repaired)
    {
        repaired = result;
        deviations.push(Deviation::MissingContent);
    }
    (!deviations.is_empty()).then_some((repaired, deviations))
}

/// Adds an empty `content` to a tool result that has only structured content.
fn with_content(message: &[u8]) -> Option<Vec<u8>> {
    match JsonRpcMessage::<Value>::from_slice(message).ok()? {
        JsonRpcMessage::Result { id, result: Value::Object(mut result) } => {
            if result.contains_key("content") || !result.contains_key("structuredContent") {
                return None;
            }
            result.insert("content".to_owned(), json!([]));
            serde_json::to_vec(&json!({ "jsonrpc": "2.0", "id": id, "result": result })).ok()
        }
        _ => None,
    }
}

/// Replaces each escaped half of a surrogate pair by `\ufffd`. Returns `None` if there is none.
fn without_lone_surrogates(text: &[u8]) -> Option<Vec<u8>> {
    let (mut repaired, mut at, mut copied) = (Vec::new(), 0, 0);
    while let Some(found) = memchr::memchr(b'\\', &text[at..]) {
        at += found;
        at += match (escaped_unit(&text[at..]), text.get(at + 6..).and_then(escaped_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                repaired.extend_from_slice(&text[copied..at]);
                repaired.extend_from_slice(br"\ufffd");
                copied = at + 6;
                6
            }
            _ => 2,
        };
        at = at.min(text.len());
    }
    (copied > 0).then(|| [&repaired[..], &text[copied..]].concat())
}

/// Returns the UTF-16 code unit of an escape such as `\ud83d` at the beginning of a text.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(method: &str, message: &str) -> Option<(String, Vec<Deviation>)> {
        let (repaired, deviations) = repair(method, message.as_bytes())?;
        Some((String::from_utf8(repaired).unwrap(), deviations))
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        for (text, expected) in [
            (r#"{"a":"\ud83d"}"#, Some(r#"{"a":"\ufffd"}"#)),
            (r#"["\ude00\\\uD83D\ud83d\ude00é"]"#, Some(r#"["\ufffd\\\ufffd\ud83d\ude00é"]"#)),
            (r#"["\ud83d\ude00", "\\ud83d", "\u00e9"]"#, None),
            (r#"["\ud8"#, None),
            (r"\", None),
        ] {
            let expected = expected.map(|it| (it.to_owned(), vec![Deviation::LoneSurrogate]));
            assert_eq!(repaired("x", text), expected, "{text}");
        }
    }

    #[test]
    fn all_deviations_of_a_message_are_repaired() {
        let message =
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"structuredContent\":\"\\ud83d\"}}";
        let (text, deviations) = repaired("tools/call", message).unwrap();
        assert!(text.contains(r#""content":[]"#), "{text}");
        let expected =
            [Deviation::ByteOrderMark, Deviation::LoneSurrogate, Deviation::MissingContent];
        assert_eq!(deviations, expected);
        assert_eq!(repaired("tools/call", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), None);
    }

    #[test]
    fn only_canonical_numbers_are_ids() {
        let id = |text: &str| numeric_id(&RequestId::String(text.to_owned()));
        assert_eq!(id("17"), Some(RequestId::Number(17)));
        for text in ["", "01", "+1", "1.0", "probe-1"] {
            assert_eq!(id(text), None, "{text}");
        }
    }

    #[test]
    fn each_deviation_has_its_own_counter() {
        let deviations = Deviations::default();
        for deviation in Deviation::ALL {
            deviations.record(deviation);
        }
        deviations.record(Deviation::EmptyCursor);
        let counts = deviations.counts();
        assert_eq!(counts.len(), Deviation::ALL.len());
        assert!(counts.contains(&(Deviation::EmptyCursor, 2)));
    }
}
