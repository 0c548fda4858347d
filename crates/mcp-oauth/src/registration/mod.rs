//! Client registration: by hand in advance, or dynamic (RFC 7591).

mod dynamic;
mod preregistered;
mod auth_method;

pub(crate) use self::dynamic::ClientMetadata;
pub use self::preregistered::RegisteredClient;
