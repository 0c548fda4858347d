//! The `relay` program as a user runs it: exit code, stdout and stderr together.
//!
//! Each folder tests the folder of the same name in `src`; `support` has shared helpers.

mod command;
mod demo;
mod sign_in;
mod output;
mod input;
mod support;
