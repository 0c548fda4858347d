//! The client: a relay with 200 users, and the checks.

mod run;
mod print;
mod verdict;
mod rest;
mod minute;
mod user;
mod operations;
mod world;
mod findings;
mod error_kind;
mod tokens;
mod control;
mod meter;

pub(crate) use self::{meter::allow_many_files, run::run};
