//! The HTTP endpoints of the authorization server.

mod router;
mod authorize;
mod register;
mod revoke;
mod token;
mod grant;
mod device;
mod authenticate;
mod metadata;
mod pkce;
mod params;
