//! Checks that tests notice faults: builds all faults of the table as switches, turns on one at a
//! time, and runs the tests.

mod command;
mod report;
mod trial;
mod scratch;
mod rewrite;
mod table;

pub(crate) use self::command::{Options, run};
