//! How the demo is told: titles, paragraphs and rows.

use std::cell::Cell;

use anyhow::Result;

use crate::output::Output;

pub(crate) struct Story<'a> {
    output: &'a Output,
    step: Cell<usize>,
}

impl<'a> Story<'a> {
    pub(crate) fn new(output: &'a Output) -> Self {
        Self { output, step: Cell::new(0) }
    }

    /// The number of the step that is being told.
    pub(crate) fn number(&self) -> usize {
        self.step.get()
    }

    /// Begins a step: what happens, and the code that does it.
    pub(crate) fn step(&self, title: &str, code: &str) -> Result<()> {
        self.step.set(self.number() + 1);
        self.output.result(&format!("\n{}. {title}\n     {code}", self.number()))
    }

    /// Tells what came of it.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        self.output.result(&format!("   {text}"))
    }

    /// Tells something outside of any step.
    pub(crate) fn aside(&self, text: &str) -> Result<()> {
        self.output.result(text)
    }

    /// Shows values beside their labels.
    pub(crate) fn rows<L: AsRef<str>, V: AsRef<str>>(&self, rows: &[(L, V)]) -> Result<()> {
        let width = rows.iter().map(|(label, _)| label.as_ref().chars().count()).max();
        let width = width.unwrap_or_default();
        rows.iter().try_for_each(|(label, value)| {
            self.say(&format!("  {:width$}  {}", label.as_ref(), value.as_ref()))
        })
    }
}
