//! The severity of log levels.

use mcp_types::v2025_11_25::LoggingLevel;

/// The levels of RFC 5424, the least serious first.
const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// `None` for a level that does not exist.
pub(crate) fn severity(level: &LoggingLevel) -> Option<usize> {
    LEVELS.iter().position(|it| *it == level.as_str())
}
