//! The forms of secrets, and the search for them.

use std::{cell::Cell, mem};

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

/// The positions that are reached while a text is compared with a pattern, kept to be reused, and
/// the steps that are left.
struct Scratch<'a> {
    ends: Vec<usize>,
    next: Vec<usize>,
    steps: &'a Steps,
}

/// The number of steps that a search may still take. Without a limit, a server that chooses a text
/// and a secret, such as a session id, could make the search take minutes.
pub(super) struct Steps(Cell<usize>);

/// The result of a search at one position of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// A secret of this length, in bytes.
    Secret(usize),
    /// The beginning of a secret at the end of the text.
    Beginning,
    Nothing,
}

/// The search was given up, because no steps are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoStepsLeft;

impl Steps {
    /// The steps of the shortest text. A secret of usual length needs few per byte.
    const MIN: usize = 4_096;
    /// The steps for each byte of the first MiB of a text, and for each further byte.
    const PER_BYTE: [usize; 2] = [64, 4];

    /// Creates the limit for a text of this length, in bytes.
    pub(super) fn for_text(length: usize) -> Self {
        let first = length.min(1024 * 1024);
        let [per_first, per_further] = Self::PER_BYTE;
        Self(Cell::new(Self::MIN + per_first * first + per_further * (length - first)))
    }

    /// Takes steps. Returns an error if there are not enough, also the next time.
    fn take(&self, count: usize) -> Result<(), NoStepsLeft> {
        let left = self.0.get().checked_sub(count);
        self.0.set(left.unwrap_or_default());
        left.map(drop).ok_or(NoStepsLeft)
    }
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
    /// `beginning` of another, also removes the beginning of a secret at its end. If the search
    /// needs too many `steps`, replaces the whole text.
    pub(super) fn replace(
        &self,
        text: &[u8],
        replacement: &str,
        beginning: bool,
        steps: &Steps,
    ) -> Option<Vec<u8>> {
        let replaced = self.try_replace(text, replacement, beginning, steps);
        replaced.unwrap_or_else(|NoStepsLeft| Some(replacement.into()))
    }

    fn try_replace(
        &self,
        text: &[u8],
        replacement: &str,
        beginning: bool,
        steps: &Steps,
    ) -> Result<Option<Vec<u8>>, NoStepsLeft> {
        let mut replaced = Vec::new();
        let (mut copied, mut position, mut scratch) = (0, 0, Scratch::new(steps));
        while position < text.len() {
            match self.find_at(&text[position..], &mut scratch)? {
                Found::Secret(length) => {
                    replaced.extend_from_slice(&text[copied..position]);
                    replaced.extend_from_slice(replacement.as_bytes());
                    position += length;
                    copied = position;
                }
                Found::Beginning if beginning => {
                    replaced.extend_from_slice(&text[copied..position]);
                    return Ok(Some(replaced));
                }
                Found::Beginning | Found::Nothing => position += 1,
            }
        }
        Ok((copied > 0).then(|| [&replaced, &text[copied..]].concat()))
    }

    /// Returns the length of the beginning of a secret at the end of a text. If the search needs too
    /// many steps, this is the rest of the text.
    pub(super) fn beginning_len(&self, text: &[u8]) -> usize {
        let steps = Steps::for_text(text.len());
        let (mut position, mut scratch) = (0, Scratch::new(&steps));
        while position < text.len() {
            match self.find_at(&text[position..], &mut scratch) {
                Ok(Found::Secret(length)) => position += length,
                Ok(Found::Nothing) => position += 1,
                Ok(Found::Beginning) | Err(NoStepsLeft) => break,
            }
        }
        text.len() - position.min(text.len())
    }

    /// Returns the secret at the start of the text.
    fn find_at(&self, text: &[u8], scratch: &mut Scratch<'_>) -> Result<Found, NoStepsLeft> {
        let first = |byte: u8| self.by_first_byte[usize::from(byte)].iter();
        let (escaped, mut found) = match escape_at(text) {
            Escape::Char(c, _) => (first(first_byte(c)), Found::Nothing),
            Escape::Incomplete => ([].iter(), Found::Beginning),
            Escape::None => ([].iter(), Found::Nothing),
        };
        for index in first(text[0]).chain(escaped) {
            match self.patterns[*index].find_at(text, scratch)? {
                Found::Nothing => {}
                Found::Beginning => found = Found::Beginning,
                secret @ Found::Secret(_) => return Ok(secret),
            }
        }
        Ok(found)
    }
}

impl<'a> Scratch<'a> {
    fn new(steps: &'a Steps) -> Self {
        Self { ends: Vec::new(), next: Vec::new(), steps }
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
    fn find_at(
        &self,
        text: &[u8],
        Scratch { ends, next, steps }: &mut Scratch<'_>,
    ) -> Result<Found, NoStepsLeft> {
        ends.clear();
        ends.push(0);
        let mut is_incomplete = false;
        for c in &self.chars {
            steps.take(ends.len())?;
            for end in ends.drain(..) {
                for c in [Some(*c), self.url_safe(*c)].into_iter().flatten() {
                    is_incomplete |=
                        find_spellings(&text[end..], c, |length| next.push(end + length));
                }
            }
            mem::swap(ends, next);
            ends.sort_unstable();
            ends.dedup();
            if ends.is_empty() {
                return Ok(if is_incomplete { Found::Beginning } else { Found::Nothing });
            }
        }
        Ok(ends.last().copied().map_or(Found::Nothing, Found::Secret))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the redacted text, and the number of steps that are left.
    fn replace(secret: &str, text: &str) -> (Option<String>, usize) {
        let patterns = Patterns::new(&[secret.to_owned()]);
        let steps = Steps::for_text(text.len());
        let replaced = patterns.replace(text.as_bytes(), "****", false, &steps);
        (replaced.map(|text| String::from_utf8(text).unwrap()), steps.0.get())
    }

    #[test]
    fn a_text_that_needs_too_many_steps_is_replaced_as_a_whole() {
        let (long_secret, long_text) = (format!("{}b", "a".repeat(1_000)), "a".repeat(5_000));
        for (secret, text) in [
            (long_secret.clone(), long_text.clone()),
            (format!("{}b", r"\".repeat(60)), r"\".repeat(2_000)),
            (format!("{}b", "%".repeat(500)), "%25".repeat(1_000)),
        ] {
            let whole = (Some("****".to_owned()), 0);
            assert_eq!(replace(&secret, &text), whole, "{text:.9}");
        }
        // The end of a text that was not searched may be the beginning of a secret.
        let patterns = Patterns::new(&[format!("{long_secret}c")]);
        let unsearched = patterns.beginning_len(&[long_text.as_bytes(), b" "].concat());
        assert!(unsearched > 1_000, "{unsearched}");
        let (replaced, steps_left) = replace("s3cret", &"s3cre ".repeat(10_000));
        assert!(replaced.is_none() && steps_left > 60 * 10_000, "{steps_left}");
    }

    #[test]
    fn the_limit_of_steps_grows_slowly_for_long_texts() {
        let limit = |length| Steps::for_text(length).0.get();
        assert_eq!(limit(0), 4_096);
        assert_eq!(limit(1024 * 1024), 4_096 + 64 * 1024 * 1024);
        assert!(limit(32 * 1024 * 1024) < 200 * 1024 * 1024);
    }
}
