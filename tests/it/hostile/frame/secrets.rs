//! The secrets of the client, which servers echo.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// The bearer token. It has characters that some encodings escape.
pub(super) const TOKEN: &str = "5ecret+token/4711==";
/// The value of a configured header.
pub(super) const HEADER: &str = "5ecret-header-4711";
/// The id of the session.
pub(super) const SESSION: &str = "5ecret-session-4711";

/// Returns the secrets as a server echoes them: unchanged, and in other spellings.
pub(super) fn spelled(session: &str) -> String {
    let escaped: String = HEADER.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (base64, base64url) =
        (STANDARD.encode(TOKEN), URL_SAFE_NO_PAD.encode(format!("u:{HEADER}")));
    format!("{TOKEN} {session} {HEADER} {escaped} {percent} {base64} {base64url}")
}
