//! HTTP requests to servers whose URLs come from others.

mod error_response;
mod guarded_client;
mod address;

pub(crate) use self::{
    error_response::{error_response, refusal},
    guarded_client::{Realm, Web, is_loopback},
};
