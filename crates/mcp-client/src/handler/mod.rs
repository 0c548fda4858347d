//! Handling of server requests: elicitation, sampling and roots.

mod handler;
mod capabilities;
mod elicitation;
mod form;

pub(crate) use self::form::Form;
pub use self::{
    capabilities::HandlerCapabilities,
    elicitation::UrlElicitation,
    handler::{Declined, Handler},
};
