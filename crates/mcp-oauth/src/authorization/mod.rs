//! The authorization request, its callback, and the pending sign-in between them (OAuth 2.1,
//! section 4.1).

mod pending;
mod request;
mod callback;

pub use self::pending::PendingSignIn;
pub(crate) use self::request::AuthorizationRequest;
