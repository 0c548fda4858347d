//! The secret in a keyring that `keyring-core` supports.

use std::sync::Arc;

use keyring_core::{Entry, Error::NoEntry, api::CredentialStoreApi};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    keyring::{Keyring, SECRET_NAME},
};

/// Opens the entry of an application in a keyring.
pub(crate) fn open<S: CredentialStoreApi + ?Sized>(
    keyring: keyring_core::Result<Arc<S>>,
    application: &str,
) -> Result<Entry, Error> {
    keyring
        .and_then(|keyring| keyring.build(application, SECRET_NAME, None))
        .map_err(|error| unavailable(&error))
}

impl Keyring for Entry {
    fn secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(NoEntry) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn set_secret(&self, secret: &[u8]) -> Result<(), Error> {
        Entry::set_secret(self, secret).map_err(|error| unavailable(&error))
    }
}

/// Converts an error by its message alone, because the error value may contain the secret.
fn unavailable(error: &keyring_core::Error) -> Error {
    Error::unavailable(error.to_string())
}
