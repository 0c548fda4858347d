//! Access tokens, where they come from, and the responses that reject them.

pub(crate) mod access_token;
pub(crate) mod unauthorized;
pub(crate) mod challenge;
