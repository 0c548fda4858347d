//! The authorization request and its callback (OAuth 2.1, section 4.1).

mod pending;
mod callback;

pub(crate) use self::pending::Flow;
pub use self::pending::PendingSignIn;
