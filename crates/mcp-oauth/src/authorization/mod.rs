//! The authorization request, its callback, and the pending sign-in between them (OAuth 2.1,
//! section 4.1), and the authorization of a device (RFC 8628).

mod pending;
mod request;
mod callback;
mod device;

pub use self::pending::PendingSignIn;
pub(crate) use self::{
    device::{DeviceAuthorization, PollInterval},
    request::AuthorizationRequest,
};
