//! Sign-in with a browser, and the access tokens that it leaves.

mod loopback;
mod page;
mod token_source;
mod client;
mod store;

pub(crate) use self::{
    client::{PRINCIPAL, application},
    loopback::{Loopback, Visit},
    page::Page,
    store::{known_store, store},
    token_source::SignIns,
};
