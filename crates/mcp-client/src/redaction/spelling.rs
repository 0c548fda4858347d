//! The spellings of a character: unchanged, escaped as in a JSON string, and percent-encoded.

/// The maximum number of backslashes before an escaped character. Text that is escaped several
/// times, such as JSON in a JSON string, has more than one.
const MAX_BACKSLASHES: usize = 16;

/// The maximum number of times that a percent sign is encoded itself.
const MAX_ENCODED: usize = 8;

/// The character that an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// The character, and the length of the escape in bytes.
    Char(char, usize),
    /// The text ends before the escape does.
    Incomplete,
    /// The text does not begin with an escape.
    None,
}

/// Calls `found` with the length of each spelling of `c` at the start of the text. Returns `true`
/// if the text may end in the middle of a spelling.
pub(super) fn find_spellings(text: &[u8], c: char, mut found: impl FnMut(usize)) -> bool {
    let mut buffer = [0; 4];
    let unchanged = c.encode_utf8(&mut buffer).as_bytes();
    if text.starts_with(unchanged) {
        found(unchanged.len());
    }
    match c {
        // A backslash is doubled each time that the text is escaped.
        '\\' => {
            let count =
                text.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
            [2, 4, 8].into_iter().filter(|length| *length <= count).for_each(&mut found);
        }
        '%' if text.starts_with(b"%25") => found(3),
        ' ' if text.starts_with(b"+") => found(1),
        _ => {}
    }
    let escape = escape_at(text);
    if let Escape::Char(escaped, length) = escape
        && escaped == c
    {
        found(length);
    }
    let is_cut = text.len() < unchanged.len() && unchanged.starts_with(text);
    is_cut || escape == Escape::Incomplete
}

/// Reads the escape at the start of the text.
pub(super) fn escape_at(text: &[u8]) -> Escape {
    match text.first() {
        Some(b'\\') => json_escape(text),
        Some(b'%') => percent_escape(text),
        _ => Escape::None,
    }
}

/// Reads an escape such as `\n`, `\/` or `\u002B`. A character outside of the basic plane has two.
fn json_escape(text: &[u8]) -> Escape {
    let (first, length) = match json_unit(text) {
        Ok(unit) => unit,
        Err(escape) => return escape,
    };
    let is_surrogate = (0xd800..0xdc00).contains(&first);
    let second = if is_surrogate { json_unit(&text[length..]) } else { Ok((0, 0)) };
    let units = match second {
        Ok((second, _)) => [first, second],
        Err(escape) => return escape,
    };
    let total = length + second.map_or(0, |(_, length)| length);
    match char::decode_utf16(units).next() {
        Some(Ok(c)) => Escape::Char(c, total),
        _ => Escape::None,
    }
}

/// Reads one UTF-16 unit of an escape, and its length in bytes.
fn json_unit(text: &[u8]) -> Result<(u16, usize), Escape> {
    let backslashes = text.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    if backslashes == 0 {
        return Err(if text.is_empty() { Escape::Incomplete } else { Escape::None });
    }
    let after = &text[backslashes..];
    let unit = match after.first().ok_or(Escape::Incomplete)? {
        b'u' => {
            let digits = &after[1..];
            let unit = hex(&digits[..digits.len().min(4)]).ok_or(Escape::None)?;
            return match digits.len() < 4 {
                true => Err(Escape::Incomplete),
                false => Ok((unit, backslashes + 5)),
            };
        }
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        byte @ (b'"' | b'\'' | b'/') => *byte,
        _ => return Err(Escape::None),
    };
    Ok((unit.into(), backslashes + 1))
}

/// Reads a percent-encoded character (RFC 3986, section 2.1). Each of its bytes in UTF-8 is encoded.
fn percent_escape(text: &[u8]) -> Escape {
    let mut character = Vec::with_capacity(4);
    let mut length = 0;
    loop {
        match percent_byte(&text[length..]) {
            Ok((byte, byte_length)) => {
                character.push(byte);
                length += byte_length;
            }
            Err(escape) => return escape,
        }
        match str::from_utf8(&character) {
            Ok(text) => {
                return text.chars().next().map_or(Escape::None, |c| Escape::Char(c, length));
            }
            // The character has more bytes.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return Escape::None,
        }
    }
}

/// Reads one percent-encoded byte, and its length. The percent sign may be encoded itself.
fn percent_byte(text: &[u8]) -> Result<(u8, usize), Escape> {
    let Some(mut digits) = text.strip_prefix(b"%") else {
        return Err(if text.is_empty() { Escape::Incomplete } else { Escape::None });
    };
    for _ in 0..MAX_ENCODED {
        if digits.len() < 4 || !digits.starts_with(b"25") || hex(&digits[2..4]).is_none() {
            break;
        }
        digits = &digits[2..];
    }
    let byte = hex(&digits[..digits.len().min(2)]).ok_or(Escape::None)?;
    match digits.len() < 2 {
        true => Err(Escape::Incomplete),
        false => Ok((u8::try_from(byte).unwrap_or_default(), text.len() - digits.len() + 2)),
    }
}

/// Parses hexadecimal digits of any case. Returns `None` if there are other characters.
fn hex(digits: &[u8]) -> Option<u16> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    digits.iter().try_fold(0, |value, byte| Some(value << 4 | u16::try_from(digit(byte)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spellings(text: &str, c: char) -> (Vec<usize>, bool) {
        let mut lengths = Vec::new();
        let incomplete = find_spellings(text.as_bytes(), c, |length| lengths.push(length));
        (lengths, incomplete)
    }

    #[test]
    fn finds_spellings_of_a_character() {
        for (text, c, length) in [
            ("+x", '+', 1),
            (r"\u002Bx", '+', 6),
            (r"\\u002b", '+', 7),
            ("%2bx", '+', 3),
            ("%252B", '+', 5),
            (r"\/", '/', 2),
            (r#"\\\""#, '"', 4),
            (r"\n", '\n', 2),
            ("+", ' ', 1),
            ("\u{e9}", '\u{e9}', 2),
            (r"\u00E9", '\u{e9}', 6),
            ("%c3%A9", '\u{e9}', 6),
            (r"\ud83e\uDD80", '\u{1f980}', 12),
            ("%F0%9f%a6%80", '\u{1f980}', 12),
        ] {
            assert_eq!(spellings(text, c), (vec![length], false), "{text}");
        }
        assert_eq!(spellings(r"\\\\x", '\\').0, [1, 2, 4]);
        assert_eq!(spellings("%25x", '%').0, [1, 3, 3]);
        for other in ["x", r"\u002C", r"\x", r"\u00zz", "%2C", "%zz", "%c3x", r"\ud83ex"] {
            assert_eq!(spellings(other, '+'), (vec![], false), "{other}");
        }
    }

    #[test]
    fn the_end_of_a_text_may_be_an_incomplete_spelling() {
        for text in ["", "\\", r"\u", r"\u00", r"\ud83e", r"\ud83e\u", "%", "%2", "%c3", "%c3%"] {
            assert!(spellings(text, '+').1, "{text}");
        }
        assert!(spellings("a", '+').0.is_empty() && !spellings("a", '+').1);
    }
}
