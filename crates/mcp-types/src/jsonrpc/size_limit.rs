//! Bounds the memory that a message can take.

/// Whether a text has more than so many objects and arrays.
///
/// They are what a short text can make large: `{"a":0}` takes 700 bytes as a map of `serde_json`.
pub(crate) fn exceeded(text: &[u8], most: usize) -> bool {
    // From the cheapest question to the exact one; hardly any message gets past the first.
    text.len() / 2 > most && brackets(text) > most && containers(text).nth(most).is_some()
}

/// How often a text opens a bracket, in strings or out of them.
fn brackets(text: &[u8]) -> usize {
    // In pieces that a byte can count and a processor takes in equal parts, many bytes at a time.
    let pieces = text.chunks(224);
    pieces
        .map(|piece| usize::from(piece.iter().map(|&byte| u8::from(opens(byte))).sum::<u8>()))
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
        opens(byte)
    })
}

/// The two brackets differ in one bit.
fn opens(byte: u8) -> bool {
    byte | (b'[' ^ b'{') == b'{'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings() {
        let text = br#"{"[{\"[":["\\",{}],"a":"{{{{{{{{\\\"[","b":[]}"#;
        assert_eq!(containers(text).collect::<Vec<_>>(), b"{[{[");
        assert_eq!(brackets(text), 4 + 3 + 9);
        assert!(exceeded(text, 3) && !exceeded(text, 4));
    }

    #[test]
    fn no_other_byte_is_a_bracket() {
        assert_eq!((0..=u8::MAX).filter(|&byte| opens(byte)).collect::<Vec<_>>(), b"[{");
        assert_eq!(brackets(&[b'['; 1000]), 1000);
    }
}
