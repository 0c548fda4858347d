//! Authenticated encryption with several keys, so that a key can be replaced.

use zeroize::Zeroizing;

use super::encryption_key::{DecryptError, EncryptionKey};

/// The keys of an application: the newest seals, and all of them open.
///
/// To replace a key, all processes are first given the new one as an older one, so that each opens
/// what another seals; then as the newest. An old key goes once nothing is sealed with it any more.
///
/// ```
/// # fn run() -> Result<(), mcp_oauth::DecryptError> {
/// use mcp_oauth::{EncryptionKey, EncryptionKeys};
///
/// let sealed = EncryptionKeys::new(EncryptionKey::new(&[1; 32])).encrypt("example", b"text");
/// let keys = EncryptionKeys::new(EncryptionKey::new(&[2; 32])).with_older(EncryptionKey::new(&[1; 32]));
/// assert_eq!(*keys.decrypt("example", &sealed)?, b"text");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Debug)]
#[must_use]
pub struct EncryptionKeys {
    newest: EncryptionKey,
    older: Vec<EncryptionKey>,
}

impl EncryptionKeys {
    /// One key.
    pub fn new(newest: EncryptionKey) -> Self {
        Self { newest, older: Vec::new() }
    }

    /// One more key that opens, and does not seal.
    pub fn with_older(mut self, key: EncryptionKey) -> Self {
        self.older.push(key);
        self
    }

    /// The key that seals.
    pub fn newest(&self) -> &EncryptionKey {
        &self.newest
    }

    /// Seals a text with the newest key. It opens for the same `purpose` alone, such as the place that it
    /// is kept in.
    pub fn encrypt(&self, purpose: &str, plaintext: &[u8]) -> String {
        self.newest.encrypt(purpose, plaintext)
    }

    /// Opens what was sealed with any of the keys.
    ///
    /// # Errors
    /// [`DecryptError`] if it was sealed with none of them, or for another purpose.
    pub fn decrypt(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let mut older = self.older.iter();
        let newest = self.newest.decrypt(purpose, sealed);
        newest.or_else(|none| older.find_map(|key| key.decrypt(purpose, sealed).ok()).ok_or(none))
    }

    /// Seals once more, with the newest key, what an older one has sealed; `None` where the newest has.
    ///
    /// # Errors
    /// [`DecryptError`] if it was sealed with none of them, or for another purpose.
    pub fn reencrypt(&self, purpose: &str, sealed: &str) -> Result<Option<String>, DecryptError> {
        match self.newest.decrypt(purpose, sealed) {
            Ok(_) => Ok(None),
            Err(_) => Ok(Some(self.encrypt(purpose, &self.decrypt(purpose, sealed)?))),
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
        let sealed = keys(1, &[]).encrypt("a", b"text");
        let both = keys(2, &[3, 1]);
        assert_eq!(*both.decrypt("a", &sealed).unwrap(), b"text");
        assert_eq!(both.decrypt("b", &sealed), Err(DecryptError));
        let resealed = both.reencrypt("a", &sealed).unwrap().unwrap();
        assert_eq!(both.reencrypt("a", &resealed), Ok(None));
        assert_eq!(*keys(2, &[]).decrypt("a", &resealed).unwrap(), b"text");
        assert_eq!(keys(1, &[]).decrypt("a", &resealed), Err(DecryptError));
        assert_eq!(keys(1, &[]).reencrypt("a", &resealed), Err(DecryptError));
    }
}
