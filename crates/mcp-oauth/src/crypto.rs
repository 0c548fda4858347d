//! Randomness.

use aws_lc_rs::rand;

/// Random bytes. A machine without randomness can do nothing safely, so that it is no error to
/// return.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the machine has random numbers");
    bytes
}
