//! The secrets of the client, which servers echo.

/// The bearer token. It has characters that some encodings escape.
pub(super) const TOKEN: &str = "5ecret+token/4711==";
/// The value of a configured header.
pub(super) const HEADER: &str = "5ecret-header-4711";
/// The id of the session.
pub(super) const SESSION: &str = "5ecret-session-4711";

/// The part that all secrets have in common, also if their other characters are escaped.
pub(super) const COMMON_PART: &str = "5ecret";
