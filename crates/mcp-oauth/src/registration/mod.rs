//! Client registration: by hand in advance, or dynamic (RFC 7591).

mod dynamic;
mod preregistered;
mod auth_method;

pub(crate) use self::dynamic::Applicant;
pub use self::preregistered::RegisteredClient;
