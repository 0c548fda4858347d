//! HTTP requests to servers whose URLs come from others.

mod guarded_client;
mod address;

pub(crate) use self::guarded_client::{Realm, Web, is_loopback, unusable};
