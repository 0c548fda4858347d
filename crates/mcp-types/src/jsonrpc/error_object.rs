//! The error in the response to a failed request.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};
use serde_json::Value;

use crate::{
    object,
    text::{Truncated, TruncatedLines},
    wire::{Members, Object},
};

/// The `error` member of a response (JSON-RPC 2.0, section 5.1).
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ErrorObject {
    /// The error code. See [`error_code`](crate::error_code).
    pub code: i64,
    /// A short description of the error.
    pub message: String,
    /// Additional data: any JSON value, including `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Prints the message, the code and the data. The message is truncated as [`TruncatedLines`], and the
/// data as [`Truncated`].
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", TruncatedLines(&self.message), self.code)?;
        match &self.data {
            Some(data) => write!(f, ", data {}", Truncated(&beginning_of(data))),
            None => Ok(()),
        }
    }
}

/// Prints the message and the data truncated.
impl fmt::Debug for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data.as_ref().map(beginning_of);
        f.debug_struct("ErrorObject")
            .field("code", &self.code)
            .field("message", &TruncatedLines(&self.message))
            .field("data", &data.as_deref().map(Truncated))
            .finish()
    }
}

/// Returns the beginning of a value as JSON, with more characters than are displayed. The whole
/// value may be large.
fn beginning_of(value: &Value) -> String {
    struct Beginning(String);

    impl fmt::Write for Beginning {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let remaining = (Truncated::MAX_CHARS + 1).saturating_sub(self.0.chars().count());
            self.0.extend(text.chars().take(remaining));
            if remaining == 0 { Err(fmt::Error) } else { Ok(()) }
        }
    }

    let mut beginning = Beginning(String::new());
    // The error only means that there is more.
    let _ = write!(beginning, "{value}");
    beginning.0
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
        let data = r#"{"a\u001b[2J b  c\n d":"a\u001b[2J b  c\n d"}"#;
        assert_eq!(error.to_string(), format!("a [2J b  c\n  d (code -1), data {data}"));
    }

    #[test]
    fn display_and_debug_are_truncated() {
        let long = "ü".repeat(1_000_000);
        let error = ErrorObject { code: 7, message: long.clone(), data: Some(json!([long])) };
        let shown = error.to_string();
        assert_eq!(shown.chars().count(), "… (code 7), data …".chars().count() + 400);
        assert!(shown.contains("ü… (code 7), data [\"ü") && shown.ends_with("ü…"));
        let debug = format!("{error:?}");
        assert!(debug.contains("ü…") && debug.chars().count() < 500, "{debug}");
    }
}
