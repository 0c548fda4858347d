//! Replaces tokens with asterisks, also if their characters are escaped.

use relay::AccessToken;

const ASTERISKS: &str = "****";

/// Replaces the tokens in a text. Characters of a token may be escaped as in a JSON string.
pub(crate) fn redact(text: &str, tokens: &[AccessToken]) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = tokens.iter().find_map(|token| strip_token(rest, token.expose()));
        rest = match found {
            Some(after) => {
                redacted.push_str(ASTERISKS);
                after
            }
            None => {
                redacted.push(c);
                &rest[c.len_utf8()..]
            }
        };
    }
    redacted
}

/// Replaces the tokens in the strings of a JSON text, which stays valid JSON.
pub(crate) fn redact_json(json: &str, tokens: &[AccessToken]) -> String {
    let mut redacted = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (before, string) = rest.split_at(start);
        let (string, after) = string.split_at(string_len(string));
        redacted.push_str(before);
        let text = serde_json::from_str::<String>(string).unwrap_or_default();
        let changed = redact(&text, tokens);
        if changed == text {
            redacted.push_str(string);
        } else {
            redacted.push_str(&serde_json::Value::from(changed).to_string());
        }
        rest = after;
    }
    redacted + rest
}

/// Returns the length of the JSON string at the start of `json`, including its quotes.
fn string_len(json: &str) -> usize {
    let mut escaped = false;
    let end = json[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Returns the rest of the text after the token at its start.
fn strip_token<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    let escaped = || token.chars().try_fold(text, strip_escaped);
    text.strip_prefix(token).or_else(escaped)
}

/// Returns the rest of the text after `c`, which may be escaped as in a JSON string.
fn strip_escaped(text: &str, c: char) -> Option<&str> {
    let Some(escape) = text.strip_prefix('\\') else { return text.strip_prefix(c) };
    let Some(hex) = escape.strip_prefix('u') else {
        return escape.strip_prefix(c).filter(|_| matches!(c, '"' | '\\' | '/'));
    };
    let (digits, after) = hex.split_at_checked(4)?;
    (u32::from_str_radix(digits, 16) == Ok(c.into())).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = r#"a/b"c\d-1234"#;

    fn tokens() -> [AccessToken; 1] {
        [AccessToken::new(TOKEN)]
    }

    #[test]
    fn redacts_every_spelling_of_a_token() {
        for spelling in [
            TOKEN,
            r#"a/b\"c\\d-1234"#,
            r#"a\/b\"c\\d-1234"#,
            r#"\u0061\u002fb\u0022c\u005Cd-123\u0034"#,
        ] {
            let text = format!("é\\{spelling}{spelling}.");
            assert_eq!(redact(&text, &tokens()), "é\\********.", "{spelling}");
        }
        for other in ["", r"a/b", r#"a/b\"c\d-1234"#, r"\u006", r"\u00é1", r"\a/b"] {
            assert_eq!(redact(other, &tokens()), other);
        }
    }

    #[test]
    fn redacted_json_is_still_json() {
        let json = r#"{"n":1.0, "a\/b\"c\\d-1234": ["\"", "\\", "x\\\u0061/b\"c\\d-1234\n"]}"#;
        let expected = r#"{"n":1.0, "****": ["\"", "\\", "x\\****\n"]}"#;
        assert_eq!(redact_json(json, &tokens()), expected);
        // The `n` belongs to the escape `\n`, so this is not the token.
        let token = [AccessToken::new("nabcdefgh")];
        assert_eq!(redact_json(r#""\nabcdefgh""#, &token), r#""\nabcdefgh""#);
    }
}
