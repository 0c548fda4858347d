//! Client registration: pre-registered and dynamic clients (RFC 7591).

mod dynamic;
mod preregistered;
mod auth_method;

pub(crate) use self::dynamic::ClientMetadata;
pub use self::preregistered::PreregisteredClient;
