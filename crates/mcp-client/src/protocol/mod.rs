//! The protocol versions: how each of them sends a request, and which one a server speaks.

pub(crate) mod protocol;
pub(crate) mod negotiation;
pub(crate) mod stateful;
pub(crate) mod stateless;
pub(crate) mod single_flight;
pub(crate) mod version;
