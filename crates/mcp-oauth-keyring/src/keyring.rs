//! The interface of keyrings.

use zeroize::Zeroizing;

use crate::error::Error;

/// The name of the secret. Together with the name of the application it identifies the keyring
/// entry, so it must not change.
pub(crate) const SECRET_NAME: &str = "key to the sign-ins";

/// A keyring entry for one secret. It blocks while the user is asked to unlock the keyring.
pub(crate) trait Keyring {
    /// Returns the secret, if there is one.
    fn secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error>;

    /// Stores the secret, and replaces the previous one.
    fn set_secret(&self, secret: &[u8]) -> Result<(), Error>;
}
