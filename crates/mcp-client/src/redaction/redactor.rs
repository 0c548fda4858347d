//! The secrets of an exchange, and their replacement.

use std::{
    borrow::Cow,
    fmt, iter,
    string::FromUtf8Error,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use mcp_types::Truncated;

use super::{
    json::replace_strings,
    patterns::{Patterns, Steps},
};

/// The replacement for a secret.
const REPLACEMENT: &str = "****";

/// The secrets of an exchange with a server. They are replaced by `****` in text of the server,
/// which may echo them.
///
/// A secret is found in all its usual spellings, and in mixtures of them:
///
/// - unchanged;
/// - escaped as in JSON, such as `\/`, `\u002B` and `\u003d`, also several times;
/// - percent-encoded, such as `%2B` and `%2b`, and form-encoded;
/// - in Base64 with either alphabet, also as a part of a longer text, such as that of a user name
///   and a password.
///
/// The search takes a limited number of steps for each byte of a text. A text that needs more, which
/// only happens if the text and a secret are long and repetitive, is replaced as a whole by `****`.
///
/// The search is only prepared if there is a text to redact. Clones share it. `Debug` shows only
/// the number of secrets.
///
/// # Examples
/// ```
/// use mcp_client::Redactor;
///
/// let redactor = Redactor::new(["s3cret/key"]);
/// assert_eq!(redactor.redact(r"invalid key s3cret\u002fkey"), "invalid key ****");
/// ```
#[derive(Clone, Default)]
pub struct Redactor(Arc<Secrets>);

#[derive(Default)]
struct Secrets {
    texts: Vec<String>,
    patterns: OnceLock<Patterns>,
}

impl Redactor {
    /// The minimum length of a secret, in bytes. Shorter texts are not redacted, because values such
    /// as `true`, `info` or a port occur by chance.
    pub const MIN_SECRET_LEN: usize = 6;

    /// Creates a redactor. Ignores secrets of fewer than [`MIN_SECRET_LEN`](Self::MIN_SECRET_LEN)
    /// bytes. The lines of a secret, such as a private key, are secrets too.
    pub fn new(secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let lines = |secret: String| {
            let lines = secret.lines().map(|line| line.trim().to_owned());
            let lines: Vec<_> = lines.filter(|line| *line != secret).collect();
            iter::once(secret).chain(lines)
        };
        let secrets = secrets.into_iter().map(Into::into).flat_map(lines);
        let mut texts: Vec<_> =
            secrets.filter(|secret| secret.len() >= Self::MIN_SECRET_LEN).collect();
        texts.sort_unstable();
        texts.dedup();
        Self(Arc::new(Secrets { texts, patterns: OnceLock::new() }))
    }

    /// Returns a redactor of these and further secrets.
    #[must_use]
    pub fn with(&self, secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let further = secrets.into_iter().map(Into::into);
        Self::new(self.0.texts.iter().cloned().chain(further))
    }

    /// Returns a redactor of these secrets and those of another redactor.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.with(other.0.texts.iter().cloned())
    }

    /// Returns `true` if there are no secrets.
    pub fn is_empty(&self) -> bool {
        self.0.texts.is_empty()
    }

    /// Replaces the secrets in a text.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.replace(text.as_bytes(), false) {
            Some(redacted) => redacted.into(),
            None => text.into(),
        }
    }

    /// Replaces the secrets in the bytes of a text. Bytes that are not UTF-8 become `U+FFFD`.
    pub fn redact_bytes<'a>(&self, text: &'a [u8]) -> Cow<'a, str> {
        match self.replace(text, false) {
            Some(redacted) => redacted.into(),
            None => String::from_utf8_lossy(text),
        }
    }

    /// Replaces the secrets in the beginning of a text. Removes the beginning of a secret at its
    /// end, which is incomplete.
    pub fn redact_beginning<'a>(&self, text: &'a [u8]) -> Cow<'a, str> {
        match self.replace(text, true) {
            Some(redacted) => redacted.into(),
            None => String::from_utf8_lossy(text),
        }
    }

    /// Replaces the secrets in a text in which `…` marks where a part was left out. Removes the
    /// beginning of a secret before it, which is incomplete.
    pub fn redact_shortened<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some((end, parts)) = text.rsplit_once('…').map(|(parts, end)| (end, parts)) else {
            return self.redact(text);
        };
        let parts = parts.split('…').map(|part| self.redact_beginning(part.as_bytes()));
        let parts = parts.fold(String::new(), |text, part| text + &part + "…");
        (parts + &self.redact(end)).into()
    }

    /// Returns the beginning of a text for a trace, without secrets: at most 4,000 characters, on one
    /// line without control characters.
    pub fn beginning(&self, text: &[u8]) -> String {
        const MAX_CHARS: usize = 4_000;
        // A spelling of a character has few bytes, so this holds enough.
        let cut = &text[..text.len().min(16 * MAX_CHARS)];
        let redacted = match cut.len() < text.len() {
            true => self.redact_beginning(cut),
            false => self.redact_bytes(cut),
        };
        let mut chars = redacted.chars();
        let printable = |c| if Truncated::is_control(c) { ' ' } else { c };
        let mut shown: String = chars.by_ref().take(MAX_CHARS).map(printable).collect();
        if chars.next().is_some() || cut.len() < text.len() {
            shown += &format!("… ({} bytes in all)", text.len());
        }
        shown
    }

    /// Replaces the secrets in the strings of a JSON text, which stays valid JSON.
    pub fn redact_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        match self.replace_in_json(json, &[]) {
            Some(redacted) => redacted.into(),
            None => json.into(),
        }
    }

    /// Replaces the secrets in a JSON-RPC message, or a batch of messages, which stays valid JSON.
    /// The members `kept` of the message, such as `result`, stay unchanged.
    pub fn redact_message(&self, message: Bytes, kept: &[&str]) -> Bytes {
        let redacted = match str::from_utf8(&message) {
            Ok(json) => self.replace_in_json(json, kept),
            Err(_) => self.replace(&message, false),
        };
        redacted.map_or(message, Bytes::from)
    }

    /// Returns the number of bytes at the end of an incomplete text that may be the beginning of a
    /// secret.
    pub fn partial_secret_len(&self, text: &[u8]) -> usize {
        self.patterns().map_or(0, |patterns| patterns.beginning_len(text))
    }

    fn replace_in_json(&self, json: &str, kept: &[&str]) -> Option<String> {
        let patterns = self.patterns()?;
        let steps = Steps::for_text(json.len());
        replace_strings(json, kept, |text| {
            patterns.replace(text.as_bytes(), REPLACEMENT, false, &steps).map(text_of)
        })
    }

    fn replace(&self, text: &[u8], is_beginning: bool) -> Option<String> {
        let steps = Steps::for_text(text.len());
        self.patterns()?.replace(text, REPLACEMENT, is_beginning, &steps).map(text_of)
    }

    /// Returns the prepared search. Returns `None` if there are no secrets.
    fn patterns(&self) -> Option<&Patterns> {
        let Secrets { texts, patterns } = &*self.0;
        (!texts.is_empty()).then(|| patterns.get_or_init(|| Patterns::new(texts)))
    }
}

/// Converts the bytes of a text. Bytes that are not UTF-8 become `U+FFFD`.
fn text_of(bytes: Vec<u8>) -> String {
    let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
    String::from_utf8(bytes).unwrap_or_else(lossy)
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({})", self.0.texts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cret+/=key";

    #[test]
    fn redacts_every_spelling() {
        let redactor = Redactor::new([SECRET, "pass word\"\u{e9}"]);
        for spelling in [
            SECRET,
            r"s3cret+\/=key",
            r"s3cret\u002B\u002f\u003dkey",
            r"\u00733cret\\u002b\\\/\u003Dkey",
            "s3cret%2B%2f=key",
            "s3cret%252b%2F%3Dkey",
            "%733cret+/%3dkey",
            "pass word\"\u{e9}",
            "pass+word%22%C3%a9",
            r#"pass word\"\u00e9"#,
            r#"pass\u0020word\\\"\u00E9"#,
        ] {
            let text = format!("\u{fc} {spelling}{spelling}.");
            assert_eq!(redactor.redact(&text), "\u{fc} ********.", "{spelling}");
        }
        for other in ["", "s3cret", "s3cret+/=ke", r"s3cret\u002C/=key", "s3cret%2C/=key", r"\u00"]
        {
            assert_eq!(redactor.redact(other), other);
        }
    }

    #[test]
    fn redacts_base64_at_every_alignment_in_both_alphabets() {
        // `>` and `?` give the characters that differ between the alphabets.
        let secret = "s3>>>cret???key";
        let redactor = Redactor::new([secret, "user"]);
        let encode = |text: &str, url_safe: bool| {
            let text = text.as_bytes();
            let groups = text.chunks(3).flat_map(|group| {
                let bits = (0..3).fold(0_u32, |all, at| {
                    all << 8 | u32::from(group.get(at).copied().unwrap_or_default())
                });
                let char_at = move |at: usize| (bits >> (18 - 6 * at)) & 63;
                (0..=group.len()).map(char_at).collect::<Vec<_>>()
            });
            let alphabet: Vec<_> =
                ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
            let standard: String = groups.map(|value| alphabet[value as usize]).collect();
            if url_safe { standard.replace('+', "-").replace('/', "_") } else { standard }
        };
        for before in ["", "a", "ab", "user:", "\u{fc}\u{fc}\u{fc}"] {
            for after in ["", "z", "zy", ":x"] {
                for text in [secret, "s3%3E%3E%3Ecret%3F%3F%3Fkey"] {
                    for url_safe in [false, true] {
                        let encoded = encode(&format!("{before}{text}{after}"), url_safe);
                        let shown = redactor.redact(&encoded).into_owned();
                        let core = encoded.len() - 2 * text.len() / 3;
                        assert!(shown.contains("****") && shown.len() <= core, "{encoded} {shown}");
                        let percent = encoded.replace('/', "%2F").replace('+', "\\u002b");
                        assert!(redactor.redact(&percent).contains("****"), "{percent}");
                    }
                }
            }
        }
    }

    #[test]
    fn redacts_secrets_with_backslashes_and_percent_signs() {
        let redactor = Redactor::new([r#"a\b\\c"d"#, "100%41%2B"]);
        for spelling in [
            r#"a\b\\c"d"#,
            r#"a\\b\\\\c\"d"#,
            r#"a\u005cb\u005C\\c\u0022d"#,
            "a%5Cb%5c%5cc%22d",
            "100%41%2B",
            "100%2541%252B",
        ] {
            assert_eq!(redactor.redact(spelling), "****", "{spelling}");
        }
    }

    #[test]
    fn longer_secrets_and_single_lines_are_redacted() {
        let redactor = Redactor::new(["s3cret-key", "s3cret", "first-line\n  second-line\n"]);
        assert_eq!(redactor.redact("s3cret-key s3cret"), "**** ****");
        assert_eq!(redactor.redact("first-line\n  second-line\n"), "****");
        assert_eq!(redactor.redact("2: second-line"), "2: ****");
        assert_eq!(format!("{redactor:?}"), "Redactor(5)");
    }

    #[test]
    fn json_that_needs_too_many_steps_is_still_json() {
        let redactor = Redactor::new([format!("{}b", "a".repeat(1_000)).as_str(), "s3cret"]);
        let long = "a".repeat(20_000);
        let json = format!(r#"{{"id":1,"b":"{long}","c":["{long}","s3cret"]}}"#);
        let redacted = redactor.redact_json(&json);
        let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
        assert_eq!(value["b"], "****");
        assert!(!redacted.contains("s3cret") && redacted.len() < 100, "{redacted:.200}");
    }

    #[test]
    fn short_secrets_are_not_redacted() {
        let redactor = Redactor::new(["true", "12345", ""]);
        assert!(redactor.is_empty());
        assert_eq!(redactor.redact("true 12345"), "true 12345");
        let (some, others) = (redactor.with(["123456"]), Redactor::new(["abcdef"]));
        assert_eq!(some.redact("123456"), "****");
        assert_eq!(some.and(&others).redact("123456 abcdef"), "**** ****");
    }

    #[test]
    fn redacted_json_is_still_json() {
        let redactor = Redactor::new([r#"a/b"c\d-1234"#, "nabcdefgh", "12345678"]);
        let json = r#"{"n":1.0, "a\/b\"c\\d-1234": ["\"", "\\", "x\\\u0061/b\"c\\d-1234\n"]}"#;
        let expected = r#"{"n":1.0, "****": ["\"", "\\", "x\\****\n"]}"#;
        assert_eq!(redactor.redact_json(json), expected);
        // The `n` belongs to the escape `\n`, so this is not the secret.
        assert_eq!(redactor.redact_json(r#""\nabcdefgh""#), r#""\nabcdefgh""#);
        // A number stays a number.
        let json = r#"{"id":12345678,"error":{"data":"12345678"}}"#;
        assert_eq!(redactor.redact_json(json), json.replace("\"12345678\"", "\"****\""));
        // A text that is not JSON is redacted too.
        assert_eq!(redactor.redact_json("bad nabcdefgh, \"a"), "bad ****, \"a");
    }

    #[test]
    fn kept_members_of_a_message_stay_unchanged() {
        let redactor = Redactor::new(["s3cret"]);
        let redact = |message: &'static str, kept: &[&str]| {
            let redacted = redactor.redact_message(Bytes::from_static(message.as_bytes()), kept);
            String::from_utf8(redacted.to_vec()).unwrap()
        };
        for (message, expected) in [
            (r#"{"error":{"message":"bad s3cret"}}"#, r#"{"error":{"message":"bad ****"}}"#),
            (
                r#"{"result":{"a":["s3cret"]},"id":"s3cret"}"#,
                r#"{"result":{"a":["s3cret"]},"id":"****"}"#,
            ),
            (r#"{"error":{"result":"s3cret"}}"#, r#"{"error":{"result":"****"}}"#),
            (
                r#"[{"result" : "s3cret"},{"id":"s3cret"}]"#,
                r#"[{"result" : "s3cret"},{"id":"****"}]"#,
            ),
            (r#"{"method":"result","id":"s3cret"}"#, r#"{"method":"result","id":"****"}"#),
            (
                r#"{"a":"\\","b":"}", "result" :"s3cret"}"#,
                r#"{"a":"\\","b":"}", "result" :"s3cret"}"#,
            ),
        ] {
            assert_eq!(redact(message, &["result"]), expected);
        }
        let request = r#"{"method":"s3cret","params":{"a":"s3cret"}}"#;
        let expected = r#"{"method":"****","params":{"a":"s3cret"}}"#;
        assert_eq!(redact(request, &["result", "params"]), expected);
    }

    #[test]
    fn removes_the_beginning_of_a_secret_at_the_end() {
        let redactor = Redactor::new(["s3cr\u{e9}t+"]);
        for (text, expected) in [
            ("a s3cr\u{e9}t+ s3", "a **** "),
            ("a b", "a b"),
            ("s3cr\u{e9}t", ""),
            ("a s3cr%c3", "a "),
            (r"a s3cr\u00", "a "),
            (r"a s3cr\u00e9t%2", "a "),
            ("", ""),
        ] {
            assert_eq!(redactor.redact_beginning(text.as_bytes()), expected, "{text}");
            let kept = text.len() - redactor.partial_secret_len(text.as_bytes());
            assert_eq!(redactor.redact(&text[..kept]), expected, "{text}");
        }
    }

    #[test]
    fn removes_the_beginning_of_a_secret_where_a_part_was_left_out() {
        let redactor = Redactor::new(["s3cret/key"]);
        for (text, expected) in [
            ("a s3cret/k…\"]: b", "a …\"]: b"),
            ("s3cret/key s…… s3cret/key", "**** …… ****"),
            ("s3cret/…", "…"),
            ("a s3cret/", "a s3cret/"),
        ] {
            assert_eq!(redactor.redact_shortened(text), expected);
        }
    }

    #[test]
    fn the_search_is_prepared_only_for_a_text() {
        let redactor = Redactor::new(["s3cret"]);
        let clone = redactor.clone();
        assert!(redactor.0.patterns.get().is_none());
        assert_eq!(clone.redact("s3cret"), "****");
        assert!(redactor.0.patterns.get().is_some());
    }
}
