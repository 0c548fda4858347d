//! The state of a sign-in between the authorization request and the callback.

use std::fmt;

use zeroize::Zeroizing;

use super::request::AuthorizationRequest;
use crate::crypto::{DecryptError, EncryptionKey};

/// The purpose, as associated data, of what [`PendingSignIn::encrypt`] returns.
const PURPOSE: &str = "mcp-oauth pending sign-in";

/// A sign-in between redirect and callback.
///
/// It is kept where only the same person's browser gets at it: [sealed](Self::encrypt) in a cookie, or
/// in their session. Whoever could hand in another's would sign that one in. What is sealed is
/// thrown away with the callback, for it opens as often as it is handed in.
///
/// It holds the proof that redeems the code, so that it leaves the process in no other form:
///
/// ```compile_fail,E0277
/// fn leak(pending: &mcp_oauth::PendingSignIn) -> String {
///     serde_json::to_string(pending).unwrap()
/// }
/// ```
pub struct PendingSignIn(pub(crate) Box<AuthorizationRequest>);

impl PendingSignIn {
    /// Who signs in.
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    /// The value that the callback has as `state`, by which an application may find this again.
    pub fn state(&self) -> &str {
        self.0.state.expose()
    }

    /// Seals it, so that it can be kept where others have access.
    pub fn encrypt(&self, key: &EncryptionKey) -> String {
        let json = serde_json::to_vec(&self.0).expect("a map of texts and numbers is JSON");
        key.encrypt(PURPOSE, &Zeroizing::new(json))
    }

    /// Opens what [`seal`](Self::encrypt) gave.
    ///
    /// # Errors
    /// [`DecryptError`] if it was sealed with another key, or changed.
    pub fn decrypt(key: &EncryptionKey, sealed: &str) -> Result<Self, DecryptError> {
        serde_json::from_slice(&key.decrypt(PURPOSE, sealed)?).map(Self).map_err(|_| DecryptError)
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AuthorizationRequest { principal, issuer, .. } = &*self.0;
        let mut shown = f.debug_struct("PendingSignIn");
        shown.field("principal", principal).field("issuer", issuer).finish_non_exhaustive()
    }
}
