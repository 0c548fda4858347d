//! Opening of a file store whose encryption key is in the keyring.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_oauth::EncryptionKey;
use mcp_oauth_file::FileStore;
use zeroize::Zeroizing;

use crate::{error::Error, keyring::Keyring, native::native};

/// Held while a process looks for the key, because the folders of an application share one key.
static KEY_LOCK: Mutex<()> = Mutex::new(());

/// Opens a folder of credentials that are encrypted with a key in the keyring. Creates the folder
/// and the key if they do not exist.
///
/// `application` is the name of the keyring entry, which the keyring displays to the user.
///
/// Only the key is in the keyring, because the credentials may be too large for it. The limit is
/// 2,560 bytes on Windows. The files are those of any [`FileStore`]: they survive crashes, and
/// several processes can use them. Without the key, the records cannot be read. If the key is lost,
/// the user must sign in again.
///
/// All folders of an application have the same key. The key is created once for all openings of one
/// folder, and for all openings in one process. If two processes open *different* folders for the
/// first time at the same moment, the key of one of them can be lost. So use one folder for each
/// application.
///
/// This function blocks while the system asks the user to unlock the keyring. The store does not
/// use the keyring later.
///
/// # Errors
///
/// - Returns [`Error::Unavailable`] if the keyring cannot be used, or is not unlocked.
/// - Returns [`Error::InvalidKey`] if the keyring entry is not a valid key.
/// - Returns [`Error::Folder`] if the folder cannot be created or written.
///
/// # Examples
///
/// ```no_run
/// use mcp_oauth_keyring::Error;
///
/// fn main() -> Result<(), Error> {
///     let store = mcp_oauth_keyring::open("Our application", "credentials")?;
///     println!("{store:?}");
///     Ok(())
/// }
/// ```
pub fn open(application: &str, folder: impl AsRef<Path>) -> Result<FileStore, Error> {
    open_with(&native(application)?, application, folder.as_ref())
}

fn open_with(keyring: &impl Keyring, application: &str, folder: &Path) -> Result<FileStore, Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    FileStore::open(folder).map_err(failed)?;
    // Without the locks, two threads or two processes could each create a key.
    let in_process = KEY_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let guard = lock_folder(folder).map_err(failed)?;
    let key = match keyring.secret()? {
        Some(text) => {
            let key = parse_key(&text);
            key.ok_or_else(|| Error::InvalidKey { application: application.to_owned() })?
        }
        None => create_key(keyring)?,
    };
    drop((guard, in_process));
    FileStore::encrypted(folder, key).map_err(failed)
}

fn lock_folder(folder: &Path) -> io::Result<File> {
    let file = File::options().append(true).create(true).open(folder.join("keyring.lock"))?;
    file.lock()?;
    Ok(file)
}

/// Parses the stored key. It is in Base64, because keyrings show it to the user.
fn parse_key(text: &[u8]) -> Option<EncryptionKey> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    Some(EncryptionKey::new(bytes.as_slice().try_into().ok()?))
}

/// Creates a key and stores it in the keyring.
fn create_key(keyring: &impl Keyring) -> Result<EncryptionKey, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(bytes.as_mut_slice()).expect("the system has a source of randomness");
    keyring.set_secret(Zeroizing::new(STANDARD.encode(bytes.as_slice())).as_bytes())?;
    Ok(EncryptionKey::new(&bytes))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use keyring_core::{Entry, mock};
    use mcp_oauth::{Store as _, StoreKey};

    use super::*;
    use crate::entry;

    /// A folder that is removed after the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("mcp-oauth-keyring-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn entry() -> Entry {
        entry::open(mock::Store::new(), "tests").unwrap()
    }

    fn record() -> mcp_oauth::Record {
        let json =
            br#"{"version":1,"record":{"registration":{"client_id":"c","auth_method":"none"}}}"#;
        mcp_oauth::Record::from_json(&key(), json).unwrap()
    }

    fn key() -> StoreKey {
        StoreKey::new(None, "https://mcp.example/", "https://login.example")
    }

    #[tokio::test]
    async fn creates_a_key_once_and_finds_it_again() {
        let (folder, entry) = (Folder::new("once"), entry());
        open_with(&entry, "tests", &folder.0).unwrap().save(&key(), &record()).await.unwrap();
        let secret = entry.get_secret().unwrap();
        let again = open_with(&entry, "tests", &folder.0).unwrap();
        assert_eq!(again.load(&key()).await.unwrap(), Some(record()));
        assert_eq!(entry.get_secret().unwrap(), secret);
        assert_eq!(secret.len(), 44);
    }

    #[tokio::test]
    async fn a_lost_key_needs_a_new_sign_in() {
        let folder = Folder::new("lost");
        open_with(&entry(), "tests", &folder.0).unwrap().save(&key(), &record()).await.unwrap();
        let reopened = open_with(&entry(), "tests", &folder.0).unwrap();
        let error = reopened.load(&key()).await.unwrap_err().to_string();
        assert!(error.ends_with("or sign in again"), "{error}");
        reopened.save(&key(), &record()).await.unwrap();
        assert_eq!(reopened.load(&key()).await.unwrap(), Some(record()));
    }

    #[test]
    fn an_invalid_key_is_neither_used_nor_shown_nor_replaced() {
        let folder = Folder::new("malformed");
        for secret in ["5ecret", "NWVjcmV0", "\u{e9}5ecret"] {
            let entry = entry();
            entry.set_secret(secret.as_bytes()).unwrap();
            let error = open_with(&entry, "tests", &folder.0).unwrap_err();
            assert!(matches!(error, Error::InvalidKey { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("ecret"), "{error:?}");
            assert_eq!(entry.get_secret().unwrap(), secret.as_bytes());
        }
    }

    #[test]
    fn a_keyring_failure_is_an_error_without_the_secret() {
        let (folder, entry) = (Folder::new("fails"), entry());
        let credential: &mock::Cred = entry.as_any().downcast_ref().unwrap();
        credential.set_error(keyring_core::Error::BadEncoding(b"5ecret".to_vec()));
        let error = open_with(&entry, "tests", &folder.0).unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert!(
            !format!("{error:?}").contains("5ecret") && !format!("{error:?}").contains("53, 101")
        );
    }
}
