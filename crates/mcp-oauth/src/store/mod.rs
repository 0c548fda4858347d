//! The store of credentials and client registrations, and its records.

mod memory;
mod key_locks;
mod store;
mod record;
mod key;
mod credentials;

pub use self::{
    credentials::{Credentials, Registration, TokenEndpointAuthMethod, TokenType},
    key::Key,
    key_locks::KeyLocks,
    memory::MemoryStore,
    record::{Record, Unreadable, UnreadableReason},
    store::{Lock, Store},
};
