//! Random bytes and text.

use aws_lc_rs::rand;

use super::encoding::base64url;

/// Returns text of 256 random bits, which cannot be guessed.
pub(crate) fn random_text() -> String {
    base64url(&random_bytes::<32>())
}

/// Returns random bytes.
///
/// Never fails. If the system has no source of randomness, aws-lc aborts the process.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_has_256_bits_and_differs_each_time() {
        let [one, other] = [random_text(), random_text()];
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
