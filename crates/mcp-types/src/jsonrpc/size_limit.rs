//! Bounds the memory that a message can take.

/// Whether a text has more than so many objects and arrays.
///
/// They are what a short text can make large: `{"a":0}` takes 700 bytes as a map of `serde_json`.
pub(crate) fn exceeds(text: &[u8], limit: usize) -> bool {
    // From the cheapest question to the exact one; hardly any message gets past the first.
    text.len() / 2 > limit && count_brackets(text) > limit && containers(text).nth(limit).is_some()
}

/// How often a text opens a bracket, in strings or out of them.
fn count_brackets(text: &[u8]) -> usize {
    // In pieces that a byte can count and a processor takes in equal parts, many bytes at a time.
    let pieces = text.chunks(224);
    pieces
        .map(|piece| {
            usize::from(piece.iter().map(|&byte| u8::from(is_opening_bracket(byte))).sum::<u8>())
        })
        .sum()
}

/// The brackets that are opened outside of strings.
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

/// The two brackets differ in one bit.
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
