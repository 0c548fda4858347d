//! The authorization request and its callback (OAuth 2.1, section 4.1).

mod pending;
mod request;
mod callback;

pub use self::pending::PendingSignIn;
pub(crate) use self::request::AuthorizationRequest;
