//! What a keyring is to this crate.

use zeroize::Zeroizing;

use crate::error::Error;

/// What the one secret is called beside the application's name.
pub(crate) const SECRET_NAME: &str = "key to the sign-ins";

/// A place for one secret, which blocks while a person is asked to unlock it.
pub(crate) trait Keyring {
    /// The secret, if there is one.
    fn secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error>;

    /// Puts a secret in the place of what is there.
    fn set_secret(&self, secret: &[u8]) -> Result<(), Error>;
}
