//! OAuth 2.1 for Model Context Protocol clients, as a token source of `mcp-http`.
//!
//! What a sign-in leaves behind is kept in a [`Store`], of which [`MemoryStore`] is the simplest;
//! what has to outlive a redirect is sealed with a [`SealingKey`].

mod credentials;
mod crypto;
mod memory_store;
mod seal;
mod secret;
mod store;

pub use crate::{
    credentials::{Credentials, Registration, TokenEndpointAuthMethod, TokenType},
    memory_store::MemoryStore,
    seal::{SealingKey, Unsealable},
    secret::Secret,
    store::{Key, Lock, Record, Store},
};
