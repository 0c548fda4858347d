//! The spellings of a secret, and a search that decodes a text by itself.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// The shortest part of a Base64 text that is decoded, in characters.
const MIN_BASE64_LEN: usize = 8;

/// The name of a spelling, and the function that spells a secret.
type Spelling = (&'static str, fn(&str) -> String);

/// Returns the spellings.
pub(super) fn spellings() -> Vec<Spelling> {
    vec![
        ("unchanged", |secret| secret.to_owned()),
        ("JSON escapes", |secret| secret.chars().map(|c| format!("\\u{:04x}", c as u32)).collect()),
        ("JSON escapes in upper case", |secret| {
            let escape = |c: char| if c.is_alphanumeric() { c.into() } else { unicode_escape(c) };
            secret.chars().map(escape).collect()
        }),
        ("every other character escaped", |secret| {
            let escape = |(at, c)| if at % 2 == 0 { unicode_escape(c) } else { String::from(c) };
            secret.chars().enumerate().map(escape).collect()
        }),
        ("escaped slashes", |secret| secret.replace('/', "\\/")),
        ("percent-encoded", |secret| secret.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ("percent-encoded where needed", |secret| {
            let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            };
            secret.bytes().map(encode).collect()
        }),
        ("percent-encoded twice", |secret| {
            secret.replace('+', "%252B").replace('/', "%252f").replace('=', "%253d")
        }),
        ("Base64", |secret| STANDARD.encode(secret)),
        ("Base64 of a pair", |secret| STANDARD.encode(format!("user:{secret}"))),
        ("Base64 after one byte", |secret| STANDARD.encode(format!("u{secret}yz"))),
        ("Base64 after two bytes", |secret| STANDARD_NO_PAD.encode(format!("u:{secret}y"))),
        ("Base64 for URLs", |secret| URL_SAFE_NO_PAD.encode(format!("{secret}~~~"))),
    ]
}

fn unicode_escape(c: char) -> String {
    format!("\\u{:04X}", c as u32)
}

/// Panics if a text contains a secret in any spelling.
#[track_caller]
pub(super) fn assert_contains_none(text: &str, secrets: &[&str], what: &str) {
    for decoded in decodings(text) {
        let decoded = String::from_utf8_lossy(&decoded);
        for secret in secrets {
            assert!(!decoded.contains(secret), "{what}: {secret:?} is shown: {text}");
        }
    }
}

/// Returns the text and its decodings, each decoded up to three times.
fn decodings(text: &str) -> Vec<Vec<u8>> {
    let mut all = vec![text.as_bytes().to_vec()];
    let mut last = all.clone();
    for _ in 0..3 {
        let decoded = last.iter().flat_map(|text| [json_decoded(text), percent_decoded(text)]);
        last = decoded.filter(|text| !all.contains(text)).collect();
        all.extend(last.iter().cloned());
    }
    let base64: Vec<_> = all.iter().flat_map(|text| base64_decoded(text)).collect();
    all.extend(base64);
    all
}

fn json_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = after.strip_prefix(b"u").and_then(|digits| digits.get(..4));
        let hex = hex.and_then(|digits| str::from_utf8(digits).ok());
        let unit = hex.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match (first, unit.and_then(char::from_u32), after) {
            (b'\\', Some(c), _) => {
                decoded.extend(c.to_string().bytes());
                rest = &after[5..];
            }
            (b'\\', None, [byte @ (b'/' | b'"' | b'\\'), rest_after @ ..]) => {
                decoded.push(*byte);
                rest = rest_after;
            }
            _ => decoded.push(*first),
        }
    }
    decoded
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let byte = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

/// Decodes each part that may be Base64, at every alignment.
fn base64_decoded(text: &[u8]) -> Vec<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let parts = text.split(|byte| !is_base64(byte)).filter(|part| part.len() >= MIN_BASE64_LEN);
    let shifted = parts.flat_map(|part| (0..4).map(move |shift| &part[shift..]));
    let decode = |part: &[u8]| {
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        };
        let standard: Vec<_> = part.iter().map(standard).collect();
        let whole = standard.len() - standard.len() % 4;
        let all = STANDARD_NO_PAD.decode(&standard).ok();
        all.or_else(|| STANDARD_NO_PAD.decode(&standard[..whole]).ok())
    };
    shifted.filter_map(decode).collect()
}

#[test]
fn the_search_finds_every_spelling() {
    let secret = "5ecret+/=of~alice";
    for (name, spell) in spellings() {
        let text = format!("before {} after", spell(secret));
        let decoded = decodings(&text);
        let found = decoded.iter().any(|text| String::from_utf8_lossy(text).contains(secret));
        assert!(found, "{name}: {text}");
    }
}
