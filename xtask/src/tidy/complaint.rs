//! A complaint about a line of a file.

use std::{fmt, path::PathBuf};

/// The rules that `cargo xtask tidy` checks. Reports list them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Header,
    Face,
    Order,
    Private,
    Reexport,
    Size,
    Riddle,
    Word,
    Exception,
}

impl Rule {
    /// A heading for reports.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Header => "each file opens with a \"//!\" sentence",
            Self::Face => "lib.rs and mod.rs hold only docs, \"mod\" and \"use\" lines",
            Self::Order => "a module imports only from modules listed below it",
            Self::Private => "a folder is imported through its mod.rs",
            Self::Reexport => "inside a crate, nothing is imported through a re-export above",
            Self::Size => "a folder holds at most 14 files",
            Self::Riddle => "a doc comment does not open with a question word",
            Self::Word => "comments, documents and messages are in plain words",
            Self::Exception => "each exception is in use",
        }
    }
}

/// A place that breaks a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Complaint {
    pub(super) rule: Rule,
    /// The path of the file, from the root of the workspace.
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}
