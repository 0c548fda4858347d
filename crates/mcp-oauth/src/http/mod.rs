//! HTTP requests to URLs that servers name, protected against server-side request forgery.

mod error_response;
mod guarded_client;
mod address;

pub(crate) use self::{
    error_response::{error_from_response, parse_error_response},
    guarded_client::{GuardedClient, is_loopback},
};
