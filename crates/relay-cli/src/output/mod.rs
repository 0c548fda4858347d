//! Output of the program: results, messages and the exit code.

mod report;
mod suggestions;
mod exit;
mod table;
mod printer;

pub(crate) use self::{exit::Exit, printer::Printer, report::ErrorReport, table::print_table};
