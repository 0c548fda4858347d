//! The choice of the operating system's keyring.

#[cfg(any(target_os = "macos", windows))]
use crate::entry;
#[cfg(not(any(target_os = "macos", windows)))]
use crate::secret_service::SecretService;
use crate::{error::Error, keyring::Keyring};

/// Opens the entry of an application in the system keyring.
pub(crate) fn native(application: &str) -> Result<impl Keyring, Error> {
    #[cfg(target_os = "macos")]
    let keyring = entry::open(apple_native_keyring_store::keychain::Store::new(), application);
    #[cfg(windows)]
    let keyring = entry::open(windows_native_keyring_store::Store::new(), application);
    #[cfg(not(any(target_os = "macos", windows)))]
    let keyring = SecretService::open(application);
    keyring
}
