//! File names, which are digests of keys.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_oauth::StoreKey;

/// Returns the file name of a key. It is a digest, because keys may be long and contain any
/// character.
pub(crate) fn for_key(key: &StoreKey, extension: &str) -> String {
    let prefix = prefix(key.principal.as_deref(), &key.server);
    format!("{prefix}.{}.{extension}", digest([Some(key.issuer.as_str())]))
}

/// Returns the prefix of all file names of one principal at one server.
pub(crate) fn prefix(principal: Option<&str>, server: &str) -> String {
    digest([principal, Some(server)])
}

fn digest<const N: usize>(parts: [Option<&str>; N]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // Each part is preceded by its length, so that different parts never give the same bytes. A
        // missing principal has a length of its own.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}
