//! The [`Store`] of credentials and registrations, and what it holds.

mod memory;
mod key_locks;
mod store;
mod record;
mod credentials;

pub(crate) use self::credentials::now;
pub use self::{
    credentials::{Credentials, Registration, TokenEndpointAuthMethod, TokenType},
    key_locks::KeyLocks,
    memory::MemoryStore,
    record::{Record, Unreadable, UnreadableReason},
    store::{Key, Lock, Store},
};
