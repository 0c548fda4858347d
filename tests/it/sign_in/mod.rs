//! Sign-in from end to end: scripted servers, what keeps sign-ins, and attacks.

#![expect(clippy::unwrap_used, reason = "the lint does not know helpers of tests")]

mod accounts;
mod attacks;
mod keys;
mod lives;
mod races;
pub(crate) mod support;
