//! The names of files, which are digests of keys.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_oauth::Key;

/// The name of a key's file. Keys are of any length, and hold what no file system takes.
pub(crate) fn of(key: &Key, extension: &str) -> String {
    let prefix = prefix(key.principal.as_deref(), &key.server);
    format!("{prefix}.{}.{extension}", digest([Some(key.issuer.as_str())]))
}

/// What the names of all files of one principal at one server begin with.
pub(crate) fn prefix(principal: Option<&str>, server: &str) -> String {
    digest([principal, Some(server)])
}

fn digest<const N: usize>(parts: [Option<&str>; N]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // Lengths first, so that no two are the same bytes; there is none without a principal.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}
