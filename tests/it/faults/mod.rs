//! Fault injection: servers that break off, stall, flood and never end.

mod failures;
mod leaks;
mod support;
