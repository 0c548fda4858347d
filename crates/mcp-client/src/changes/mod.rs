//! Changes on a server that a subscription reports.

pub(crate) mod queue;
