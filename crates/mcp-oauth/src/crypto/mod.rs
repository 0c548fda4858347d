//! Secrets, random numbers, signatures and encryption.

mod encryption_keys;
mod encryption_key;
mod signing_key;
mod random;
mod secret;

pub(crate) use self::random::{base64url, random_text, sha256};
pub use self::{
    encryption_key::{SealingKey, Unsealable},
    encryption_keys::SealingKeys,
    secret::Secret,
    signing_key::SigningKey,
};
