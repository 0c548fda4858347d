//! JSON with comments and trailing commas.

/// Replaces comments and trailing commas by spaces. All positions stay the same.
pub(crate) fn to_json(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut index, mut last_comma) = (0, None);
    while index < bytes.len() {
        let rest = &bytes[index..];
        let until = |end: &[u8]| {
            let start = rest.windows(end.len()).skip(2).position(|part| part == end);
            start.map_or(rest.len(), |start| start + 2 + end.len())
        };
        match rest {
            [b'"', ..] => {
                last_comma = None;
                index += string(rest);
                continue;
            }
            [b'/', b'/' | b'*', ..] => {
                let length = until(if rest[1] == b'/' { b"\n" } else { b"*/" });
                let comment = &mut bytes[index..index + length];
                comment.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                index += length;
                continue;
            }
            [b',', ..] => last_comma = Some(index),
            [b'}' | b']', ..] => {
                if let Some(last) = last_comma.take() {
                    bytes[last] = b' ';
                }
            }
            [byte, ..] if byte.is_ascii_whitespace() => {}
            _ => last_comma = None,
        }
        index += 1;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Returns the length of the JSON string at the start of the text, with its quotes.
fn string(text: &[u8]) -> usize {
    let mut index = 1;
    while let Some(byte) = text.get(index) {
        match byte {
            b'\\' => index += 2,
            b'"' => return index + 1,
            _ => index += 1,
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
            assert_eq!(to_json(text), expected, "{text}");
        }
    }
}
