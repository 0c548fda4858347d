//! Several keys that seal, so that one can be replaced.

use zeroize::Zeroizing;

use crate::{
    record::{Record, Unreadable, UnreadableReason},
    seal::{SealingKey, Unsealable},
    store::Key,
};

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

    /// Seals a text with the newest key.
    pub fn seal(&self, purpose: &str, open: &[u8]) -> String {
        self.newest.seal(purpose, open)
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

    /// Seals a record for its place: the seal is broken under any other key of the store.
    pub fn seal_record(&self, key: &Key, record: &Record) -> String {
        self.seal(&purpose(key), &record.to_json())
    }

    /// Opens a record that was sealed for this place.
    ///
    /// # Errors
    /// [`Unreadable`] if it was sealed with none of the keys, or for another place, or if it is from a
    /// newer version.
    pub fn open_record(&self, key: &Key, sealed: &str) -> Result<Record, Unreadable> {
        let json = self.open(&purpose(key), sealed);
        let json = json.map_err(|_| Unreadable::new(key, UnreadableReason::Sealed))?;
        Record::from_json(key, &json)
    }

    /// The record sealed with the newest key, if it is not so already.
    ///
    /// # Errors
    /// [`Unreadable`] if it was sealed with none of the keys, or for another place.
    pub fn reseal_record(&self, key: &Key, sealed: &str) -> Result<Option<String>, Unreadable> {
        let purpose = purpose(key);
        if self.newest.open(&purpose, sealed).is_ok() {
            return Ok(None);
        }
        let json = self.open(&purpose, sealed);
        let json = json.map_err(|_| Unreadable::new(key, UnreadableReason::Sealed))?;
        Ok(Some(self.seal(&purpose, &json)))
    }
}

impl From<SealingKey> for SealingKeys {
    fn from(key: SealingKey) -> Self {
        Self::new(key)
    }
}

/// What ties a seal to the place of a record. No two keys are the same JSON.
fn purpose(key: &Key) -> String {
    let json = serde_json::to_string(key).expect("a key is three texts");
    format!("record {json}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    fn keys(newest: u8, older: &[u8]) -> SealingKeys {
        let newest = SealingKeys::new(SealingKey::new(&[newest; 32]));
        older.iter().fold(newest, |keys, key| keys.with_older(SealingKey::new(&[*key; 32])))
    }

    fn key(principal: Option<&str>) -> Key {
        Key::new(principal, "https://mcp.example/", "https://login.example")
    }

    #[test]
    fn all_keys_open_and_the_newest_seals() {
        let ann = key(Some("ann"));
        let sealed = keys(1, &[]).seal_record(&ann, &record("c"));
        let both = keys(2, &[3, 1]);
        assert_eq!(both.open_record(&ann, &sealed), Ok(record("c")));
        let resealed = both.reseal_record(&ann, &sealed).unwrap().unwrap();
        assert_eq!(both.reseal_record(&ann, &resealed), Ok(None));
        assert_eq!(keys(2, &[]).open_record(&ann, &resealed), Ok(record("c")));
        let lost = Unreadable::new(&ann, UnreadableReason::Sealed);
        assert_eq!(keys(1, &[]).open_record(&ann, &resealed), Err(lost.clone()));
        assert_eq!(keys(1, &[]).reseal_record(&ann, &resealed), Err(lost));
    }

    #[test]
    fn a_record_does_not_open_in_the_place_of_another() {
        let keys = keys(1, &[]);
        let sealed = keys.seal_record(&key(Some("ann")), &record("c"));
        let other = Key::new(Some("ann"), "https://mcp.example/", "https://other.example");
        for place in [key(Some("bob")), key(Some("")), key(None), other] {
            let lost = Unreadable::new(&place, UnreadableReason::Sealed);
            assert_eq!(keys.open_record(&place, &sealed), Err(lost));
        }
    }
}
