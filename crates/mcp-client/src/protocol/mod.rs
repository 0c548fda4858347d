//! The protocol versions: how each of them sends a request, and which one a server supports.

mod probe;
mod probe_rules;
mod protocol;
mod negotiation;
mod evidence;
mod stateful;
mod stateless;
mod single_flight;
mod version;
mod repetition;

pub use self::negotiation::Negotiation;
pub(crate) use self::{protocol::Protocol, stateful::Session};
