//! Authenticated encryption with several keys, so that a key can be replaced.

use zeroize::Zeroizing;

use super::encryption_key::{DecryptError, EncryptionKey};

/// The encryption keys of an application. The newest encrypts, and all of them decrypt.
///
/// To replace a key that several processes use:
///
/// 1. Add the new key to all processes with [`with_older`](Self::with_older), so that each of them
///    can decrypt texts of the others.
/// 2. Make it the newest key of all processes, and pass the old one to `with_older`.
/// 3. Remove the old key once no text is encrypted with it.
///
/// # Examples
///
/// ```
/// use mcp_oauth::{DecryptError, EncryptionKey, EncryptionKeys};
///
/// fn main() -> Result<(), DecryptError> {
///     let old_keys = EncryptionKeys::new(EncryptionKey::new(&[1; 32]));
///     let ciphertext = old_keys.encrypt("example", b"text");
///
///     let new_key = EncryptionKey::new(&[2; 32]);
///     let keys = EncryptionKeys::new(new_key).with_older(EncryptionKey::new(&[1; 32]));
///     assert_eq!(*keys.decrypt("example", &ciphertext)?, b"text");
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct EncryptionKeys {
    newest: EncryptionKey,
    older: Vec<EncryptionKey>,
}

impl EncryptionKeys {
    /// Creates a set of one key, which encrypts and decrypts.
    pub fn new(newest: EncryptionKey) -> Self {
        Self { newest, older: Vec::new() }
    }

    /// Adds a key that only decrypts.
    pub fn with_older(mut self, key: EncryptionKey) -> Self {
        self.older.push(key);
        self
    }

    /// Returns the key that encrypts.
    pub fn newest(&self) -> &EncryptionKey {
        &self.newest
    }

    /// Encrypts a text with the newest key. It can be decrypted only for the same purpose, for
    /// example the name of the file that it is stored in.
    pub fn encrypt(&self, purpose: &str, plaintext: &[u8]) -> String {
        self.newest.encrypt(purpose, plaintext)
    }

    /// Decrypts a text that was encrypted with any of the keys.
    ///
    /// # Errors
    ///
    /// Returns [`DecryptError`] if the text was encrypted with none of the keys or for another
    /// purpose, or was changed.
    pub fn decrypt(
        &self,
        purpose: &str,
        ciphertext: &str,
    ) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let mut older = self.older.iter();
        let newest = self.newest.decrypt(purpose, ciphertext);
        newest
            .or_else(|none| older.find_map(|key| key.decrypt(purpose, ciphertext).ok()).ok_or(none))
    }

    /// Encrypts a text again with the newest key, if an older key has encrypted it. Returns `None`
    /// if the newest key has.
    ///
    /// # Errors
    ///
    /// Returns [`DecryptError`] if the text was encrypted with none of the keys or for another
    /// purpose, or was changed.
    pub fn reencrypt(
        &self,
        purpose: &str,
        ciphertext: &str,
    ) -> Result<Option<String>, DecryptError> {
        match self.newest.decrypt(purpose, ciphertext) {
            Ok(_) => Ok(None),
            Err(_) => Ok(Some(self.encrypt(purpose, &self.decrypt(purpose, ciphertext)?))),
        }
    }
}

impl From<EncryptionKey> for EncryptionKeys {
    fn from(key: EncryptionKey) -> Self {
        Self::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(newest: u8, older: &[u8]) -> EncryptionKeys {
        let newest = EncryptionKeys::new(EncryptionKey::new(&[newest; 32]));
        older.iter().fold(newest, |keys, key| keys.with_older(EncryptionKey::new(&[*key; 32])))
    }

    #[test]
    fn all_keys_decrypt_and_the_newest_encrypts() {
        let ciphertext = keys(1, &[]).encrypt("a", b"text");
        let both = keys(2, &[3, 1]);
        assert_eq!(*both.decrypt("a", &ciphertext).unwrap(), b"text");
        assert_eq!(both.decrypt("b", &ciphertext), Err(DecryptError));
        let reencrypted = both.reencrypt("a", &ciphertext).unwrap().unwrap();
        assert_eq!(both.reencrypt("a", &reencrypted), Ok(None));
        assert_eq!(*keys(2, &[]).decrypt("a", &reencrypted).unwrap(), b"text");
        assert_eq!(keys(1, &[]).decrypt("a", &reencrypted), Err(DecryptError));
        assert_eq!(keys(1, &[]).reencrypt("a", &reencrypted), Err(DecryptError));
    }
}
