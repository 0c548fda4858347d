//! Sign-in with a browser, and the stored credentials.

mod loopback;
mod page;
mod token_source;
mod client;
mod store;

pub(crate) use self::{
    client::{PRINCIPAL, oauth_client},
    loopback::{Callback, LoopbackServer},
    page::Page,
    store::{existing_store, open_store},
    token_source::StoredTokens,
};
