//! Text that nobody guesses, and digests.

use std::hash::{BuildHasher, RandomState};

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Text of 192 random bits behind a prefix that says what it is.
pub(crate) fn random_token(prefix: &str) -> String {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).expect("the machine has random numbers");
    format!("{prefix}-{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// 128 bits from the seeds that the standard library draws for its hash maps.
pub(crate) fn random_id() -> String {
    let half = || RandomState::new().hash_one("session");
    format!("{:016x}{:016x}", half(), half())
}
