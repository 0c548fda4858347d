//! JSON with comments and trailing commas.

/// Replaces comments and trailing commas by spaces. All positions stay the same.
pub(crate) fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut comma) = (0, None);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let until = |end: &[u8]| {
            let variables = rest.windows(end.len()).skip(2).position(|part| part == end);
            variables.map_or(rest.len(), |variables| variables + 2 + end.len())
        };
        match rest {
            [b'"', ..] => {
                comma = None;
                at += string(rest);
                continue;
            }
            [b'/', b'/' | b'*', ..] => {
                let length = until(if rest[1] == b'/' { b"\n" } else { b"*/" });
                let comment = &mut bytes[at..at + length];
                comment.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at += length;
                continue;
            }
            [b',', ..] => comma = Some(at),
            [b'}' | b']', ..] => {
                if let Some(last) = comma.take() {
                    bytes[last] = b' ';
                }
            }
            [byte, ..] if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Returns the length of the JSON string at the start of the text, with its quotes.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_become_spaces() {
        for (text, expected) in [
            ("{ // a\n}", "{     \n}"),
            ("[1, /* , */ 2,]", "[1,         2 ]"),
            ("[1,\n// x\n]", "[1 \n    \n]"),
            (r#"["//", "/*", ",]", "\"//"]"#, r#"["//", "/*", ",]", "\"//"]"#),
            ("/* \u{2713} */1", "         1"),
            ("/*/ 1", "     "),
            ("\"", "\""),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
