//! The search for the secrets of the tests in everything that comes out of the client.

/// The part that all secrets of the tests have in common, and its Base64 after 0, 1 and 2 other
/// bytes, without the characters that depend on the bytes around it.
const SPELLINGS: [&str; 4] = ["5ecret", "NWVjcmV0", "VlY3Jld", "1ZWNyZX"];

/// Returns whether a text contains a secret, in any spelling.
///
/// A text may be escaped as in JSON or percent-encoded, up to three times. Base64 may begin at any
/// alignment, so the search is for the characters that do not depend on what is before the secret.
pub(crate) fn contains_secret(text: &[u8]) -> bool {
    let mut text = text.to_vec();
    for _ in 0..3 {
        if contains_any(&text) {
            return true;
        }
        let decoded = percent_decoded(&json_decoded(&text));
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    contains_any(&text)
}

fn json_decoded(text: &[u8]) -> Vec<u8> {
    decoded(text, "\\u", 4)
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    decoded(text, "%", 2)
}

/// Replaces each escape of an ASCII character: a prefix, and this number of hexadecimal digits.
fn decoded(text: &[u8], prefix: &str, digits: usize) -> Vec<u8> {
    if !contains(text, prefix) {
        return text.to_vec();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let hex = rest.strip_prefix(prefix.as_bytes()).and_then(|rest| rest.get(..digits));
        let hex = hex.and_then(|hex| str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let length = if byte.is_some() { prefix.len() + digits } else { 1 };
        decoded.push(byte.unwrap_or(*first));
        rest = &rest[length..];
    }
    decoded
}

fn contains_any(text: &[u8]) -> bool {
    SPELLINGS.iter().any(|spelling| contains(text, spelling))
}

fn contains(text: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(text).contains(part)
}

#[test]
fn finds_every_spelling() {
    for text in [
        "a 5ecret b",
        r"a \u0035ecr\u0065t b",
        r"a \\u0035ecret b",
        "a %35ecr%65t b",
        "a %2535ecret b",
        "a NWVjcmV0 b",
        "xDVlY3JldA",
        "eHg1ZWNyZXQ",
    ] {
        assert!(contains_secret(text.as_bytes()), "{text}");
    }
    assert!(!contains_secret(br"5ecre \u0035ecre %35 NWVjcmV "));
}
