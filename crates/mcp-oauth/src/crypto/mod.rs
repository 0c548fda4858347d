//! Secrets, random numbers, signing and encryption.

mod encryption_keys;
mod encryption_key;
mod signing_key;
mod random;
mod encoding;

pub use mcp_http::Secret;

pub(crate) use self::{
    encoding::{base64url, sha256},
    random::random_text,
};
pub use self::{
    encryption_key::{DecryptError, EncryptionKey},
    encryption_keys::EncryptionKeys,
    signing_key::SigningKey,
};
