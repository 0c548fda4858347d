//! Text from a server, sanitized for errors and logs.

use std::fmt;

use serde::de::Error as _;

/// The beginning of a text from a server, sanitized for display.
///
/// Formats at most 300 characters. Control characters could change the output of a terminal, so
/// each becomes a space.
///
/// # Examples
/// ```
/// use mcp_client::Truncated;
///
/// let text = Truncated("no\u{1b}[2Jway\n").to_string();
/// assert_eq!(text, "no [2Jway");
/// ```
#[derive(Clone, Copy)]
pub struct Truncated<'a>(
    /// The original text.
    pub &'a str,
);

impl fmt::Display for Truncated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 300;
        let mut chars = self.0.trim().chars();
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = chars.by_ref().take(MAX_CHARS).map(printable).collect();
        let ellipsis = if chars.next().is_some() { "…" } else { "" };
        write!(f, "{text}{ellipsis}")
    }
}

/// Formats the same text in quotes.
impl fmt::Debug for Truncated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// Removes the value from an error about a value of the wrong type. The value may be a secret that
/// the server echoes.
pub(crate) fn without_text(error: &serde_json::Error) -> serde_json::Error {
    const BEGIN: &str = "string \"";
    const END: &str = "\", expected ";
    let mut message = error.to_string();
    if let (Some(begin), Some(end)) = (message.find(BEGIN), message.rfind(END))
        && begin + BEGIN.len() <= end
    {
        message.replace_range(begin + BEGIN.len() - 2..=end, "");
    }
    serde_json::Error::custom(message)
}
