//! Handling of server requests: elicitation, sampling and roots.

pub(crate) mod handler;
pub(crate) mod form;
