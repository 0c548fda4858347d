//! Prints the text of the demo: titles, paragraphs and rows.

use std::cell::Cell;

use anyhow::Result;

use crate::output::Printer;

pub(crate) struct Script<'a> {
    printer: &'a Printer,
    step: Cell<usize>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self { printer, step: Cell::new(0) }
    }

    /// Returns the number of the current step.
    pub(crate) fn step_number(&self) -> usize {
        self.step.get()
    }

    /// Begins a step: prints its number, its title and its code.
    pub(crate) fn begin_step(&self, title: &str, code: &str) -> Result<()> {
        self.step.set(self.step_number() + 1);
        self.printer.print_result(&format!("\n{}. {title}\n     {code}", self.step_number()))
    }

    /// Prints a line within a step.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        self.printer.print_result(&format!("   {text}"))
    }

    /// Prints text that does not belong to a step.
    pub(crate) fn paragraph(&self, text: &str) -> Result<()> {
        self.printer.print_result(text)
    }

    /// Prints values next to their labels.
    pub(crate) fn rows<L: AsRef<str>, V: AsRef<str>>(&self, rows: &[(L, V)]) -> Result<()> {
        let width = rows.iter().map(|(label, _)| label.as_ref().chars().count()).max();
        let width = width.unwrap_or_default();
        rows.iter().try_for_each(|(label, value)| {
            self.line(&format!("  {:width$}  {}", label.as_ref(), value.as_ref()))
        })
    }
}
