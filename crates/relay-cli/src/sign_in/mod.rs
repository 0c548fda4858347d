//! Sign-in with a browser, and the access tokens that it leaves.

mod loopback;
mod page;
mod token_source;

pub(crate) use self::{
    loopback::{Loopback, Visit},
    page::Page,
    token_source::{PRINCIPAL, SignIns, application},
};
