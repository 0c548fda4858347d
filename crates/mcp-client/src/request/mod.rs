//! Requests: their parameters, options and time limits.

pub(crate) mod request;
pub(crate) mod params;
pub(crate) mod options;
pub(crate) mod limits;
pub(crate) mod deadline;
