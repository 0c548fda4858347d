//! A walk over the strings of a JSON text, which stays valid JSON.

use std::borrow::Cow;

/// Replaces the strings of a JSON text, including the names of members. `replace` gets each string
/// without its escapes, and each other token. Returns `None` if nothing is replaced.
///
/// The values of the members `kept` of the message stay unchanged, also in a batch of messages.
pub(super) fn replace_strings(
    json: &str,
    kept: &[&str],
    replace: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let message_depth = if json.trim_start().starts_with('[') { 2 } else { 1 };
    let mut replaced = String::new();
    let (mut copied, mut position, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = json.as_bytes().get(position) {
        let token = &json[position..];
        let length = match byte {
            b'"' => string_len(token),
            b'{' | b'[' => 1,
            b'}' | b']' => 1,
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => 1,
            _ => word_len(token),
        };
        let (text, rest) = token.split_at(length);
        let mut end = position + length;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let unescaped = unescape(text);
                if let Some(text) = unescaped.as_deref().and_then(&replace) {
                    replaced.push_str(&json[copied..position]);
                    replaced.push_str(&serde_json::Value::from(text).to_string());
                    copied = end;
                } else if depth == message_depth
                    && rest.trim_start().starts_with(':')
                    && unescaped.is_some_and(|name| kept.contains(&&*name))
                {
                    end += value_len(rest);
                }
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            // A number stays, because a number that is a secret occurs by chance.
            _ if text.parse::<f64>().is_err() => {
                if let Some(text) = replace(text) {
                    replaced.push_str(&json[copied..position]);
                    replaced.push_str(&text);
                    copied = end;
                }
            }
            _ => {}
        }
        position = end;
    }
    (copied > 0).then(|| replaced + &json[copied..])
}

/// Returns the text of a string, or its raw text if it is not valid.
fn unescape(string: &str) -> Option<Cow<'_, str>> {
    match string.contains('\\') {
        true => serde_json::from_str(string).ok().map(Cow::Owned),
        false => string.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed),
    }
}

/// Returns the length of the string at the start of `json`, including its quotes.
fn string_len(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Returns the length of a number or a name such as `true`.
fn word_len(json: &str) -> usize {
    let is_end = |c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c);
    json.find(is_end).unwrap_or(json.len())
}

/// Returns the length of the value at the start of `json`, with what is before it.
fn value_len(json: &str) -> usize {
    let (mut position, mut depth) = (0, 0_usize);
    while let Some(byte) = json.as_bytes().get(position) {
        match byte {
            b'"' => position += string_len(&json[position..]) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        position += 1;
    }
    position
}
