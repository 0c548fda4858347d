//! The state of a server: script, faults and capabilities.

mod capabilities;
mod fault;
mod script;
