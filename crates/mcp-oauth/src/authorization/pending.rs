//! The state of a sign-in between the authorization request and the callback.

use std::fmt;

use zeroize::Zeroizing;

use super::request::AuthorizationRequest;
use crate::{
    crypto::{DecryptError, EncryptionKey},
    error::Error,
};

/// The purpose of the ciphertext that [`PendingSignIn::encrypt`] returns. It is associated data and
/// must not change.
const PURPOSE: &str = "mcp-oauth pending sign-in";

/// The state of a sign-in between the redirect and the callback.
///
/// Keep it [encrypted](Self::encrypt) in a cookie or in the user's session. Only the browser that
/// began the sign-in may present it. An attacker who can present the pending sign-in of another
/// user can complete a sign-in for that user. Delete it at the callback, because the encrypted text
/// can be decrypted any number of times.
///
/// It contains the PKCE code verifier, so it can leave the process only in encrypted form:
///
/// ```compile_fail,E0277
/// fn leak(pending: &mcp_oauth::PendingSignIn) -> String {
///     serde_json::to_string(pending).unwrap()
/// }
/// ```
pub struct PendingSignIn(pub(crate) Box<AuthorizationRequest>);

impl PendingSignIn {
    /// Returns the principal that signs in.
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    /// Returns the URL of the MCP server, for the application to find the server's name. It is
    /// complete, so its query may contain an API key.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Returns the `state` parameter. The callback has the same value, so an application can use it
    /// to find the pending sign-in.
    pub fn state(&self) -> &str {
        self.0.state.expose()
    }

    /// Checks that a text is the callback of this sign-in, without using it: a URL, or its query. An
    /// application that lets users paste the URL can reject another text, and ask again.
    ///
    /// # Errors
    ///
    /// Returns [`Error::InvalidCallback`] if [`complete_sign_in`] would return it.
    ///
    /// [`complete_sign_in`]: crate::OAuthClient::complete_sign_in
    pub fn check_callback(&self, callback: &str) -> Result<(), Error> {
        match self.0.code_from_callback(callback) {
            Err(error @ Error::InvalidCallback { .. }) => Err(error),
            _ => Ok(()),
        }
    }

    /// Encrypts the pending sign-in. The result is text for a cookie or a URL.
    pub fn encrypt(&self, key: &EncryptionKey) -> String {
        let json = serde_json::to_vec(&self.0).expect("a request serializes to JSON");
        key.encrypt(PURPOSE, &Zeroizing::new(json))
    }

    /// Decrypts a result of [`encrypt`](Self::encrypt).
    ///
    /// # Errors
    ///
    /// Returns [`DecryptError`] if the text was encrypted with another key, or was changed.
    pub fn decrypt(key: &EncryptionKey, ciphertext: &str) -> Result<Self, DecryptError> {
        serde_json::from_slice(&key.decrypt(PURPOSE, ciphertext)?)
            .map(Self)
            .map_err(|_| DecryptError)
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AuthorizationRequest { principal, issuer, .. } = &*self.0;
        let mut shown = f.debug_struct("PendingSignIn");
        shown.field("principal", principal).field("issuer", issuer).finish_non_exhaustive()
    }
}
