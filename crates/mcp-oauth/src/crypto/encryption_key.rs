//! Authenticated encryption with one key (AES-256-GCM).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::random::random_bytes;

/// A key of the application for authenticated encryption (AES-256-GCM).
///
/// It encrypts pending sign-ins between the redirect and the callback, and the records of stores
/// that others can read.
///
/// The ciphertext is text that fits into a cookie or a URL. It is bound to a purpose, which is
/// associated data: text that was encrypted for one purpose cannot be decrypted for another.
///
/// # Examples
///
/// ```
/// use mcp_oauth::{DecryptError, EncryptionKey};
///
/// fn main() -> Result<(), DecryptError> {
///     let key = EncryptionKey::generate();
///     let ciphertext = key.encrypt("example", b"plaintext");
///     assert_eq!(*key.decrypt("example", &ciphertext)?, b"plaintext");
///     assert!(key.decrypt("another purpose", &ciphertext).is_err());
///     Ok(())
/// }
/// ```
pub struct EncryptionKey(RandomizedNonceKey);

/// The error for a text that was encrypted with another key or for another purpose, or was
/// changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot decrypt: wrong key or purpose, or the text was changed")]
#[non_exhaustive]
pub struct DecryptError;

impl EncryptionKey {
    /// Creates a key from 32 bytes, which must be random and secret.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes);
        Self(key.expect("AES-256 has keys of 32 bytes"))
    }

    /// Generates a random key. The key is not stored, so only this process can decrypt with it.
    pub fn generate() -> Self {
        Self::new(&Zeroizing::new(random_bytes()))
    }

    /// Encrypts a text for a purpose.
    pub fn encrypt(&self, purpose: &str, plaintext: &[u8]) -> String {
        let mut buffer = plaintext.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut buffer);
        let nonce = nonce.expect("a text in memory is short enough to encrypt");
        URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &buffer].concat())
    }

    /// Decrypts a result of [`encrypt`](Self::encrypt).
    ///
    /// # Errors
    ///
    /// Returns [`DecryptError`] if the text was encrypted with another key or for another purpose,
    /// or was changed.
    pub fn decrypt(
        &self,
        purpose: &str,
        ciphertext: &str,
    ) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let bytes = URL_SAFE_NO_PAD.decode(ciphertext).map_err(|_| DecryptError)?;
        let (nonce, encrypted) = bytes.split_at_checked(NONCE_LEN).ok_or(DecryptError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DecryptError)?;
        let mut buffer = Zeroizing::new(encrypted.to_vec());
        let plaintext = self.0.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut buffer);
        let length = plaintext.map_err(|_| DecryptError)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decrypts_only_unchanged_text_with_the_same_key_and_purpose() {
        let key = EncryptionKey::new(&[7; 32]);
        let ciphertext = key.encrypt("a", b"text");
        assert_ne!(ciphertext, key.encrypt("a", b"text"));
        assert_eq!(*EncryptionKey::new(&[7; 32]).decrypt("a", &ciphertext).unwrap(), b"text");
        assert_eq!(EncryptionKey::generate().decrypt("a", &ciphertext), Err(DecryptError));
        assert_eq!(key.decrypt("b", &ciphertext), Err(DecryptError));
        for at in 0..ciphertext.len() - 1 {
            let mut changed = ciphertext.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.decrypt("a", &changed), Err(DecryptError), "{at}");
        }
        for nonsense in ["", "a", "\u{e9}", "AAAA"] {
            assert_eq!(key.decrypt("a", nonsense), Err(DecryptError), "{nonsense}");
        }
    }
}
