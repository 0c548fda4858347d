//! The error in the response to a failed request.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};
use serde_json::Value;

use crate::{
    object,
    wire::{Members, Object},
};

/// The `error` member of a response (JSON-RPC 2.0, section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ErrorObject {
    /// The error code. See [`error_code`](crate::error_code).
    pub code: i64,
    /// A short description of the error.
    pub message: String,
    /// Additional data: any JSON value, including `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Prints the message, the code and the data. The message and the data are truncated to 1000
/// characters each. Control characters and other characters that affect a terminal are replaced
/// with spaces.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_sanitized(f, &self.message)?;
        write!(f, " (code {})", self.code)?;
        if let Some(data) = &self.data {
            f.write_str(", data ")?;
            write_sanitized(f, data)?;
        }
        Ok(())
    }
}

/// Writes the beginning of a text. Characters that affect a terminal are replaced with spaces.
fn write_sanitized(f: &mut fmt::Formatter<'_>, text: &impl fmt::Display) -> fmt::Result {
    const MAX_CHARS: usize = 1000;
    let mut writer = SanitizingWriter { out: &mut *f, remaining: MAX_CHARS };
    match write!(writer, "{text}") {
        Err(_) if writer.remaining == 0 => f.write_str("…"),
        other => other,
    }
}

/// Writes a limited number of characters, then returns an error.
struct SanitizingWriter<'a, W> {
    out: &'a mut W,
    remaining: usize,
}

impl<W: fmt::Write> fmt::Write for SanitizingWriter<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.remaining = self.remaining.checked_sub(1).ok_or(fmt::Error)?;
            self.out.write_char(if is_unsafe(c) { ' ' } else { c })?;
        }
        Ok(())
    }
}

/// Returns `true` if a character controls the terminal, breaks the line or changes the direction of
/// text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Object for ErrorObject {
    const NAME: &'static str = "ErrorObject";
    const TAG: Option<(&'static str, &'static str)> = None;
    const MEMBERS: &'static [&'static str] = &["code", "data", "message"];

    fn read<'de, A: MapAccess<'de>>(members: &mut Members<'de, A>) -> Result<Self, A::Error> {
        let (mut code, mut message, mut data) = (None, None, None);
        while let Some(key) = members.next_key()? {
            match key.as_str() {
                "code" => members.read("code", &mut code)?,
                "message" => members.read("message", &mut message)?,
                "data" => members.read("data", &mut data)?,
                _ => members.skip(&key)?,
            }
        }
        Ok(Self {
            code: code.ok_or_else(|| members.missing("code"))?,
            message: message.ok_or_else(|| members.missing("message"))?,
            data,
        })
    }
}

impl<'de> Deserialize<'de> for ErrorObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn display_replaces_control_characters() {
        let text = "a\u{1b}[2J\u{9b}b\u{7f}\u{202e}c\n\u{2028}d";
        let data = Some(json!({ text: text }));
        let error = ErrorObject { code: -1, message: text.to_owned(), data };
        let plain = "a [2J b  c  d";
        let data = r#"{"a\u001b[2J b  c\n d":"a\u001b[2J b  c\n d"}"#;
        assert_eq!(error.to_string(), format!("{plain} (code -1), data {data}"));
    }

    #[test]
    fn display_is_truncated() {
        let long = "ü".repeat(1_000_000);
        let error = ErrorObject { code: 7, message: long.clone(), data: Some(json!([long])) };
        let shown = error.to_string();
        assert_eq!(shown.chars().count(), "… (code 7), data …".chars().count() + 2000);
        assert!(shown.contains("ü… (code 7), data [\"ü") && shown.ends_with("ü…"));
    }
}
