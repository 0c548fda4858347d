//! What the program prints, and its exit code.

mod report;
mod suggestions;
mod exit;
pub(crate) mod table;
mod printer;
mod redact;

pub(crate) use self::{exit::Exit, printer::Output, report::Report};
