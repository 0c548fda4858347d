//! Texts of a server, made fit for an error or a log.

use std::fmt;

/// The beginning of a text that a server sent: at most 300 characters, with blanks in place of
/// control characters, which could fool a terminal.
///
/// ```
/// let text = mcp_client::Brief("no\u{1b}[2Jway\n").to_string();
/// assert_eq!(text, "no [2Jway");
/// ```
#[derive(Clone, Copy)]
pub struct Brief<'a>(
    /// The text as it was sent.
    pub &'a str,
);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 300;
        let mut chars = self.0.trim().chars();
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = chars.by_ref().take(MOST).map(printable).collect();
        let rest = if chars.next().is_some() { "…" } else { "" };
        write!(f, "{text}{rest}")
    }
}

/// The same in quotes.
impl fmt::Debug for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
