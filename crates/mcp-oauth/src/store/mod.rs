//! The store of credentials and client registrations, and its records.

mod temporary;
mod memory;
mod key_locks;
mod store;
mod record;
mod key;
mod credentials;

pub use mcp_http::TokenEndpointAuthMethod;

pub use self::{
    credentials::{ClientRegistration, Credentials, LastError, TokenType},
    key::StoreKey,
    key_locks::KeyLocks,
    memory::MemoryStore,
    record::{InvalidRecord, InvalidRecordReason, Record},
    store::{Store, StoreLock},
};
