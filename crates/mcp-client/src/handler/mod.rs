//! Handling of server requests: elicitation, sampling and roots.

mod handler;
mod capabilities;
mod elicitation;
mod form;

pub(crate) use self::form::Form;
pub use self::{
    capabilities::Serves,
    elicitation::UrlElicitation,
    handler::{Handler, Refused},
};
