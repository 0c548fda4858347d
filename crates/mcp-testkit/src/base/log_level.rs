//! The severity of log levels.

use mcp_types::v2025_11_25::LoggingLevel;

/// The levels of RFC 5424, from least to most severe.
const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// Returns the position of a level among [`LEVELS`], or `None` for an unknown level.
pub(crate) fn severity(level: &LoggingLevel) -> Option<usize> {
    LEVELS.iter().position(|it| *it == level.as_str())
}
