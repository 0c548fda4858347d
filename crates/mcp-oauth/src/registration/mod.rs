//! Client registration: pre-registered and dynamic clients (RFC 7591).

mod dynamic;
mod preregistered;
mod auth_method;

pub use self::preregistered::PreregisteredClient;
pub(crate) use self::{auth_method::is_supported, dynamic::ClientMetadata};
