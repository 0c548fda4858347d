//! Sign-in with a browser, and the stored credentials.

mod loopback;
mod page;
mod paste;
mod qr_code;
mod token_source;
mod client;
mod store;

pub(crate) use self::{
    client::{PRINCIPAL, oauth_client},
    loopback::{Callback, LoopbackServer},
    page::Page,
    paste::PastedLines,
    qr_code::qr_code,
    store::{existing_store, open_store},
    token_source::StoredTokens,
};
