//! The forms of secrets, and the search for them.

use std::mem;

use super::spelling::{Escape, escape_at, find_spellings};

/// The alphabet of Base64 (RFC 4648, section 4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The forms of all secrets, with an index by their first byte.
pub(super) struct Patterns {
    /// Longer patterns come first, because one secret may be part of another.
    patterns: Vec<Pattern>,
    /// For each byte, the patterns that may begin with it.
    by_first_byte: Vec<Vec<usize>>,
}

/// One form of a secret: the secret itself, or its Base64 at one of three alignments. Each
/// character may be spelled in several ways.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    chars: Vec<char>,
    is_base64: bool,
}

/// The positions that are reached while a text is compared with a pattern. Kept to be reused.
#[derive(Default)]
struct Scratch {
    ends: Vec<usize>,
    next: Vec<usize>,
}

/// The result of a search at one position of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A secret of this length, in bytes.
    Secret(usize),
    /// The beginning of a secret at the end of the text.
    Beginning,
    Nothing,
}

impl Patterns {
    pub(super) fn new(secrets: &[String]) -> Self {
        let mut patterns: Vec<_> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        patterns.sort_by(|one, other| other.chars.len().cmp(&one.chars.len()).then(one.cmp(other)));
        patterns.dedup();
        let mut by_first_byte = vec![Vec::new(); 256];
        for (index, pattern) in patterns.iter().enumerate() {
            for byte in pattern.first_bytes() {
                by_first_byte[usize::from(byte)].push(index);
            }
        }
        Self { patterns, by_first_byte }
    }

    /// Replaces the secrets in a text. Returns `None` if there are none. If the text is the
    /// `beginning` of another, also removes the beginning of a secret at its end.
    pub(super) fn replace(
        &self,
        text: &[u8],
        replacement: &str,
        beginning: bool,
    ) -> Option<Vec<u8>> {
        let mut replaced = Vec::new();
        let (mut copied, mut position, mut scratch) = (0, 0, Scratch::default());
        while position < text.len() {
            match self.find_at(&text[position..], &mut scratch) {
                Found::Secret(length) => {
                    replaced.extend_from_slice(&text[copied..position]);
                    replaced.extend_from_slice(replacement.as_bytes());
                    position += length;
                    copied = position;
                }
                Found::Beginning if beginning => {
                    replaced.extend_from_slice(&text[copied..position]);
                    return Some(replaced);
                }
                Found::Beginning | Found::Nothing => position += 1,
            }
        }
        (copied > 0).then(|| [&replaced, &text[copied..]].concat())
    }

    /// Returns the length of the beginning of a secret at the end of a text.
    pub(super) fn beginning_len(&self, text: &[u8]) -> usize {
        let (mut position, mut scratch) = (0, Scratch::default());
        while position < text.len() {
            match self.find_at(&text[position..], &mut scratch) {
                Found::Secret(length) => position += length,
                Found::Beginning => break,
                Found::Nothing => position += 1,
            }
        }
        text.len() - position.min(text.len())
    }

    /// Returns the secret at the start of the text.
    fn find_at(&self, text: &[u8], scratch: &mut Scratch) -> Found {
        let first = |byte: u8| self.by_first_byte[usize::from(byte)].iter();
        let (escaped, mut found) = match escape_at(text) {
            Escape::Char(c, _) => (first(first_byte(c)), Found::Nothing),
            Escape::Incomplete => ([].iter(), Found::Beginning),
            Escape::None => ([].iter(), Found::Nothing),
        };
        for index in first(text[0]).chain(escaped) {
            match self.patterns[*index].find_at(text, scratch) {
                Found::Nothing => {}
                Found::Beginning => found = Found::Beginning,
                secret @ Found::Secret(_) => return secret,
            }
        }
        found
    }
}

impl Pattern {
    /// Returns the bytes that an unescaped text may begin with.
    fn first_bytes(&self) -> impl Iterator<Item = u8> {
        let c = self.chars.first().copied().unwrap_or_default();
        let other = match c {
            ' ' => Some(b'+'),
            _ => self.url_safe(c).map(first_byte),
        };
        [Some(first_byte(c)), other].into_iter().flatten()
    }

    /// Returns the character that takes the place of `c` in the alphabet for URLs (RFC 4648,
    /// section 5).
    fn url_safe(&self, c: char) -> Option<char> {
        match c {
            '+' if self.is_base64 => Some('-'),
            '/' if self.is_base64 => Some('_'),
            _ => None,
        }
    }

    /// Compares the text with the pattern. There may be several ways to read a text if the secret
    /// contains a backslash or a percent sign, so this keeps a set of positions.
    fn find_at(&self, text: &[u8], Scratch { ends, next }: &mut Scratch) -> Found {
        ends.clear();
        ends.push(0);
        let mut is_incomplete = false;
        for c in &self.chars {
            for end in ends.drain(..) {
                for c in [Some(*c), self.url_safe(*c)].into_iter().flatten() {
                    is_incomplete |= find_spellings(&text[end..], c, |length| {
                        if !next.contains(&(end + length)) {
                            next.push(end + length);
                        }
                    });
                }
            }
            mem::swap(ends, next);
            if ends.is_empty() {
                return if is_incomplete { Found::Beginning } else { Found::Nothing };
            }
        }
        ends.iter().copied().max().map_or(Found::Nothing, Found::Secret)
    }
}

/// Returns the forms of a secret.
fn forms(secret: &str) -> impl Iterator<Item = Pattern> {
    let plain = Pattern { chars: secret.chars().collect(), is_base64: false };
    // Clients encode an id and a secret before they join them for Basic authentication (RFC 6749,
    // section 2.3.1).
    let encoded = form_encode(secret);
    let texts = [Some(secret.to_owned()), (encoded != secret).then_some(encoded)];
    let base64 = texts.into_iter().flatten().flat_map(|text| {
        [0, 1, 2].map(|offset| Pattern { chars: base64(text.as_bytes(), offset), is_base64: true })
    });
    [plain].into_iter().chain(base64)
}

/// Returns the Base64 of a secret after `offset` other bytes. Leaves out the first and the last
/// character if they depend on bytes before or after the secret.
fn base64(secret: &[u8], offset: usize) -> Vec<char> {
    let bit = |position: usize| {
        let position = position - 8 * offset;
        usize::from(secret[position / 8] >> (7 - position % 8) & 1)
    };
    let characters = (8 * offset).div_ceil(6)..8 * (offset + secret.len()) / 6;
    let character = |index| (6 * index..6 * index + 6).fold(0, |value, at| value << 1 | bit(at));
    characters.map(|index| char::from(BASE64[character(index)])).collect()
}

/// Encodes a text as a value of a form.
fn form_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'*' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn first_byte(c: char) -> u8 {
    let mut buffer = [0; 4];
    c.encode_utf8(&mut buffer).as_bytes()[0]
}
