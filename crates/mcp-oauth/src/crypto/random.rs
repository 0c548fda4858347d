//! Random text and digests.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Text of 256 random bits, for what nobody may guess.
pub(crate) fn random_text() -> String {
    base64url(&random_bytes::<32>())
}

/// Random bytes.
///
/// A machine that has none can do nothing safely, so that there is no error to return: aws-lc ends the
/// process before it would say so.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the machine has random numbers");
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Base64 as URLs and JOSE have it (RFC 4648, section 5), without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha_256() {
        // FIPS 180-2, appendix B.1, in Base64.
        assert_eq!(base64url(&sha256(b"abc")), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn random_text_is_long_and_never_the_same() {
        let [one, other] = [random_text(), random_text()];
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
