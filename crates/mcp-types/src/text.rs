//! Text from a server, truncated and sanitized for errors and logs.

use std::fmt::{self, Write as _};

/// The beginning of a text from a server, on one line.
///
/// Formats at most 200 characters. Control characters could change the output of a terminal, and
/// bidirectional characters the order of the text, so each becomes a space.
///
/// `Display` writes the text, and `Debug` writes it in quotes.
///
/// # Examples
/// ```
/// use mcp_types::Truncated;
///
/// let text = Truncated("no\u{1b}[2Jway\n").to_string();
/// assert_eq!(text, "no [2Jway");
/// ```
#[derive(Clone, Copy)]
pub struct Truncated<'a>(
    /// The original text.
    pub &'a str,
);

/// The beginning of a text from a server, of which the lines are kept.
///
/// Formats at most 10 lines as [`Truncated`] does, then the number of further lines. All lines but
/// the first are indented. Empty lines are left out.
///
/// # Examples
/// ```
/// use mcp_types::TruncatedLines;
///
/// let text = TruncatedLines("Traceback:\r\n\r\n  File \"a.py\"\n").to_string();
/// assert_eq!(text, "Traceback:\n  File \"a.py\"");
/// ```
#[derive(Clone, Copy)]
pub struct TruncatedLines<'a>(
    /// The original text.
    pub &'a str,
);

impl Truncated<'_> {
    /// The maximum length of a line, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Returns `true` if a character controls the terminal, breaks the line or changes the
    /// direction of text.
    pub fn is_control(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
}

impl TruncatedLines<'_> {
    /// The maximum number of lines.
    pub const MAX_LINES: usize = 10;
    /// The maximum length of all lines together, in bytes.
    const MAX_LEN: usize = 2_000;
}

impl fmt::Display for Truncated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.trim().chars();
        let printable = |c| if Self::is_control(c) { ' ' } else { c };
        let text: String = chars.by_ref().take(Self::MAX_CHARS).map(printable).collect();
        f.write_str(&text)?;
        if chars.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Formats the same text in quotes.
impl fmt::Debug for Truncated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl fmt::Display for TruncatedLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.0.split(is_line_break).filter(|line| !line.trim().is_empty());
        let mut written = String::new();
        for line in lines.by_ref().take(Self::MAX_LINES) {
            let indent = if written.is_empty() { "" } else { "\n  " };
            write!(written, "{indent}{}", Truncated(line))?;
            if written.len() > Self::MAX_LEN {
                break;
            }
        }
        f.write_str(&written)?;
        match lines.count() {
            0 => Ok(()),
            1 => f.write_str("\n  … and 1 more line"),
            more => write!(f, "\n  … and {more} more lines"),
        }
    }
}

/// Formats the same text in quotes.
impl fmt::Debug for TruncatedLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_control_and_bidirectional_characters() {
        let text = "\ta\u{1b}[2J\u{9b}b\u{7f}\u{202e}c\n\u{2028}d\u{200f}e\u{2066}f\0";
        assert_eq!(Truncated(text).to_string(), "a [2J b  c  d e f ");
        assert_eq!(TruncatedLines(text).to_string(), "a [2J b  c\n  d e f ");
        assert_eq!(format!("{:?}", Truncated("a \"b\"\n")), r#""a \"b\"""#);
        assert_eq!(format!("{:?}", TruncatedLines("a\nb")), r#""a\n  b""#);
    }

    #[test]
    fn truncates_lines_and_counts_the_further_ones() {
        let line = "ü".repeat(1_000);
        let expected = format!("{}…", "ü".repeat(200));
        assert_eq!(Truncated(&line).to_string(), expected);
        assert_eq!(TruncatedLines(&line).to_string(), expected);
        let lines = |count: usize| (0..count).map(|n| format!("{n}\r\n\n")).collect::<String>();
        let shown = TruncatedLines(&lines(10)).to_string();
        assert!(shown.starts_with("0\n  1\n") && shown.ends_with("\n  9"), "{shown}");
        let shown = TruncatedLines(&lines(11)).to_string();
        assert!(shown.ends_with("\n  9\n  … and 1 more line"), "{shown}");
        let shown = TruncatedLines(&lines(1_000_000)).to_string();
        assert!(shown.ends_with("\n  9\n  … and 999990 more lines"), "{shown}");
    }

    #[test]
    fn long_lines_of_wide_characters_are_limited_together() {
        let text = format!("{}\n", "🦀".repeat(1_000)).repeat(1_000);
        let shown = TruncatedLines(&text).to_string();
        assert!(shown.len() < 3_000, "{}", shown.len());
        assert!(shown.ends_with("\n  … and 997 more lines"), "{shown}");
    }
}
