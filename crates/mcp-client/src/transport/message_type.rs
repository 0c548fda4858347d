//! Distinguishes results and responses from other messages without decoding them.

/// Returns `true` if a JSON message is a result, or a batch that contains one.
///
/// Only a top-level member counts, because the `data` of an error may contain anything. Reading
/// stops at this member. Transports use this to redact echoed secrets in all other messages.
///
/// # Examples
/// ```
/// use mcp_client::is_result;
///
/// assert!(is_result(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
/// assert!(!is_result(br#"{"jsonrpc":"2.0","id":1,"error":{"data":{"result":7}}}"#));
/// ```
pub fn is_result(message: &[u8]) -> bool {
    has_member(message, |name| name == b"result")
}

/// Returns `true` if a JSON message is a response, or a batch that contains one.
pub fn is_response(message: &[u8]) -> bool {
    has_member(message, |name| matches!(name, b"result" | b"error"))
}

fn has_member(message: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> bool {
    let message_depth = if message.trim_ascii_start().starts_with(b"[") { 2 } else { 1 };
    let (mut depth, mut rest) = (0_usize, message);
    while let Some(position) = rest.iter().position(|byte| b"\"{}[]".contains(byte)) {
        let (byte, after) = (rest[position], &rest[position + 1..]);
        rest = after;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {
                let Some(end) = end_of_string(after) else { return false };
                rest = &after[end + 1..];
                let is_name = rest.trim_ascii_start().starts_with(b":");
                if is_name && depth == message_depth && is_wanted(&after[..end]) {
                    return true;
                }
            }
        }
    }
    false
}

/// Returns the position of the quotation mark that ends the string.
fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_level_members_decide_the_message_type() {
        for (message, result, response) in [
            (r#"{"result":{}}"#, true, true),
            (r#"{"a":"\\","b":"}", "result" :7}"#, true, true),
            (r#"[{"method":"a"},{"result":7}]"#, true, true),
            (r#"{"error":{"data":{"result":7}}}"#, false, true),
            (r#"{"error":"\"result\": 7"}"#, false, true),
            (r#"{"method":"result","id":"error"}"#, false, false),
            (r#"{"params":{"result":7}}"#, false, false),
            (r#"{"result"#, false, false),
            ("", false, false),
        ] {
            let is = (is_result(message.as_bytes()), is_response(message.as_bytes()));
            assert_eq!(is, (result, response), "{message}");
        }
    }
}
