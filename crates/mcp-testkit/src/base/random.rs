//! Random ids and tokens.

use std::hash::{BuildHasher, RandomState};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Returns `prefix`, a hyphen and 192 random bits in base64url.
pub(crate) fn random_token(prefix: &str) -> String {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).expect("the system has a source of randomness");
    format!("{prefix}-{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns 128 bits in hexadecimal, from the random seeds of the standard library's hash maps.
pub(crate) fn random_id() -> String {
    let half = || RandomState::new().hash_one("session");
    format!("{:016x}{:016x}", half(), half())
}
