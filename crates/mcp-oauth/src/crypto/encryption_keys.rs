//! Authenticated encryption with several keys, so that a key can be replaced.

use zeroize::Zeroizing;

use super::encryption_key::{SealingKey, Unsealable};

/// The keys of an application: the newest seals, and all of them open.
///
/// To replace a key, all processes are first given the new one as an older one, so that each opens
/// what another seals; then as the newest. An old key goes once nothing is sealed with it any more.
///
/// ```
/// # fn run() -> Result<(), mcp_oauth::Unsealable> {
/// use mcp_oauth::{SealingKey, SealingKeys};
///
/// let sealed = SealingKeys::new(SealingKey::new(&[1; 32])).seal("example", b"text");
/// let keys = SealingKeys::new(SealingKey::new(&[2; 32])).with_older(SealingKey::new(&[1; 32]));
/// assert_eq!(*keys.open("example", &sealed)?, b"text");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Debug)]
#[must_use]
pub struct SealingKeys {
    newest: SealingKey,
    older: Vec<SealingKey>,
}

impl SealingKeys {
    /// One key.
    pub fn new(newest: SealingKey) -> Self {
        Self { newest, older: Vec::new() }
    }

    /// One more key that opens, and does not seal.
    pub fn with_older(mut self, key: SealingKey) -> Self {
        self.older.push(key);
        self
    }

    /// The key that seals.
    pub fn newest(&self) -> &SealingKey {
        &self.newest
    }

    /// Seals a text with the newest key. It opens for the same `purpose` alone, such as the place that it
    /// is kept in.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> String {
        self.newest.seal(purpose, plaintext)
    }

    /// Opens what was sealed with any of the keys.
    ///
    /// # Errors
    /// [`Unsealable`] if it was sealed with none of them, or for another purpose.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let mut older = self.older.iter();
        let newest = self.newest.open(purpose, sealed);
        newest.or_else(|none| older.find_map(|key| key.open(purpose, sealed).ok()).ok_or(none))
    }

    /// Seals once more, with the newest key, what an older one has sealed; `None` where the newest has.
    ///
    /// # Errors
    /// [`Unsealable`] if it was sealed with none of them, or for another purpose.
    pub fn reseal(&self, purpose: &str, sealed: &str) -> Result<Option<String>, Unsealable> {
        match self.newest.open(purpose, sealed) {
            Ok(_) => Ok(None),
            Err(_) => Ok(Some(self.seal(purpose, &self.open(purpose, sealed)?))),
        }
    }
}

impl From<SealingKey> for SealingKeys {
    fn from(key: SealingKey) -> Self {
        Self::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(newest: u8, older: &[u8]) -> SealingKeys {
        let newest = SealingKeys::new(SealingKey::new(&[newest; 32]));
        older.iter().fold(newest, |keys, key| keys.with_older(SealingKey::new(&[*key; 32])))
    }

    #[test]
    fn all_keys_decrypt_and_the_newest_encrypts() {
        let sealed = keys(1, &[]).seal("a", b"text");
        let both = keys(2, &[3, 1]);
        assert_eq!(*both.open("a", &sealed).unwrap(), b"text");
        assert_eq!(both.open("b", &sealed), Err(Unsealable));
        let resealed = both.reseal("a", &sealed).unwrap().unwrap();
        assert_eq!(both.reseal("a", &resealed), Ok(None));
        assert_eq!(*keys(2, &[]).open("a", &resealed).unwrap(), b"text");
        assert_eq!(keys(1, &[]).open("a", &resealed), Err(Unsealable));
        assert_eq!(keys(1, &[]).reseal("a", &resealed), Err(Unsealable));
    }
}
