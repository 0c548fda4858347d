//! The limit on the number of objects and arrays in a message.

/// Returns `true` if a text has more than `limit` objects and arrays.
///
/// They need much more memory than their text: `{"a":0}` needs 700 bytes as a map of `serde_json`.
pub(crate) fn exceeds(text: &[u8], limit: usize) -> bool {
    // The cheapest check comes first, the exact one last. Few messages need more than the first.
    text.len() / 2 > limit && count_brackets(text) > limit && containers(text).nth(limit).is_some()
}

/// Counts the opening brackets of a text, including those in strings.
fn count_brackets(text: &[u8]) -> usize {
    // In chunks whose count fits into a byte, so that the compiler can use SIMD instructions.
    let pieces = text.chunks(224);
    pieces
        .map(|piece| {
            usize::from(piece.iter().map(|&byte| u8::from(is_opening_bracket(byte))).sum::<u8>())
        })
        .sum()
}

/// Returns the opening brackets that are not in strings.
fn containers(text: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    text.iter().copied().filter(move |&byte| {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            return false;
        }
        in_string = byte == b'"';
        is_opening_bracket(byte)
    })
}

/// Returns `true` if a byte is `[` or `{`, which differ in one bit.
fn is_opening_bracket(byte: u8) -> bool {
    byte | (b'[' ^ b'{') == b'{'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_brackets_outside_of_strings() {
        let text = br#"{"[{\"[":["\\",{}],"a":"{{{{{{{{\\\"[","b":[]}"#;
        assert_eq!(containers(text).collect::<Vec<_>>(), b"{[{[");
        assert_eq!(count_brackets(text), 4 + 3 + 9);
        assert!(exceeds(text, 3) && !exceeds(text, 4));
    }

    #[test]
    fn only_opening_brackets_are_counted() {
        assert_eq!(
            (0..=u8::MAX).filter(|&byte| is_opening_bracket(byte)).collect::<Vec<_>>(),
            b"[{"
        );
        assert_eq!(count_brackets(&[b'['; 1000]), 1000);
    }
}
