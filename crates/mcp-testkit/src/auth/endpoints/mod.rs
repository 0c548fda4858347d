//! The HTTP endpoints of the authorization server.

mod authorize;
mod register;
mod revoke;
mod token;
mod grant;
mod authenticate;
mod metadata;
mod params;

pub use self::metadata::MetadataLocation;
