//! The one place that prints: results to stdout, all else to stderr.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use anyhow::{Context, Result};
use relay::AccessToken;
use serde::Serialize;

use super::redact;

/// The shortest token that is looked for in what is printed: a shorter one is a word that may be
/// there by chance.
const MIN_SECRET_LEN: usize = 8;

/// Where results and messages go. Clones are the same.
///
/// A reader that goes away is no error: the rest is not written. Tokens are never shown, whoever
/// repeats them.
#[derive(Clone)]
pub(crate) struct Printer(Arc<Streams>);

struct Streams {
    results: Mutex<Box<dyn Write + Send>>,
    messages: Mutex<Box<dyn Write + Send>>,
    is_terminal: bool,
    json: bool,
    secrets: RwLock<Vec<AccessToken>>,
}

/// What a message is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label {
    Error,
    Cause,
    Suggestion,
    Warning,
}

impl Printer {
    /// Standard output and standard error; `json` is what the user wants to read.
    pub(crate) fn standard(json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let messages = anstream::AutoStream::auto(io::stderr());
        Self::new(Box::new(io::stdout()), Box::new(messages), is_terminal, json)
    }

    /// An output that nobody reads.
    #[cfg(test)]
    pub(crate) fn sink() -> Self {
        Self::new(Box::new(io::sink()), Box::new(io::sink()), false, false)
    }

    fn new(
        results: Box<dyn Write + Send>,
        messages: Box<dyn Write + Send>,
        is_terminal: bool,
        json: bool,
    ) -> Self {
        let (results, messages) = (Mutex::new(results), Mutex::new(messages));
        Self(Arc::new(Streams { results, messages, is_terminal, json, secrets: RwLock::default() }))
    }

    /// Whether a person reads the results.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_terminal
    }

    /// Whether a program reads the results and messages.
    pub(crate) fn is_json(&self) -> bool {
        self.0.json
    }

    /// Shows asterisks in place of this token from now on.
    pub(crate) fn add_secret(&self, token: &AccessToken) {
        if token.expose().len() >= MIN_SECRET_LEN {
            self.0.secrets.write().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        }
    }

    /// Prints a result and a line feed.
    ///
    /// # Errors
    /// Those of writing to stdout.
    pub(crate) fn print_result(&self, text: &str) -> Result<()> {
        let text = self.redact(text);
        // A server must not get hold of the terminal.
        self.write_result(if self.0.is_terminal { without_control_characters(&text) } else { text })
    }

    /// Prints a result as JSON.
    ///
    /// # Errors
    /// Those of writing to stdout.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<()> {
        self.write_result(self.sanitize_json(&serde_json::to_string_pretty(value)?))
    }

    fn write_result(&self, mut text: String) -> Result<()> {
        text.push('\n');
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        let written = results.write_all(text.as_bytes()).and_then(|()| results.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("the results cannot be written to stdout"),
        }
    }

    /// Prints a message for people, on one line.
    pub(crate) fn print_message(&self, label: Label, text: impl fmt::Display) {
        let text = self.redact(&text.to_string()).replace(is_control, " ");
        self.write_message(&match label {
            Label::Error => format!("\x1b[1;31merror:\x1b[0m {text}\n"),
            Label::Cause => format!("  caused by: {text}\n"),
            Label::Suggestion => format!("\x1b[1;36mhint:\x1b[0m {text}\n"),
            Label::Warning => format!("\x1b[1;33mwarning:\x1b[0m {text}\n"),
        });
    }

    /// Prints something on the side of the results that did not stop the program.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        if self.0.json {
            let text = text.to_string();
            self.print_json_message(&serde_json::json!({ "warning": { "message": text } }));
        } else {
            self.print_message(Label::Warning, text);
        }
    }

    /// Prints a message for programs, as JSON on one line.
    pub(crate) fn print_json_message(&self, value: &impl Serialize) {
        let json = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
        self.write_message(&format!("{}\n", self.sanitize_json(&json)));
    }

    /// Prints lines to stderr as they are.
    pub(crate) fn print_lines(&self, text: &str) {
        self.write_message(&format!("{}\n", without_control_characters(&self.redact(text))));
    }

    fn write_message(&self, text: &str) {
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        // There is no other place to complain at.
        drop(messages.write_all(text.as_bytes()).and_then(|()| messages.flush()));
    }

    /// The text without tokens.
    pub(crate) fn redact(&self, text: &str) -> String {
        redact::redact(text, &self.0.secrets.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The JSON without tokens, and with escapes for what a terminal must not get.
    fn sanitize_json(&self, text: &str) -> String {
        let secrets = self.0.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let redacted = redact::redact_json(text, &secrets);
        redacted.chars().fold(String::with_capacity(redacted.len()), |mut json, c| {
            match c {
                // Between values they are blanks, and in strings they are escaped already.
                '\n' | '\t' | '\r' => json.push(c),
                _ if is_control(c) => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => json.push(c),
            }
            json
        })
    }
}

/// Whether a terminal does something with this character in place of showing it: the control
/// characters, and those that turn the direction of the text.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text without control characters but for line feeds and tabs.
fn without_control_characters(text: &str) -> String {
    text.replace(|c| is_control(c) && !matches!(c, '\n' | '\t'), "\u{fffd}")
}

/// Prints what is traced, an event at a time.
impl Write for Printer {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.print_lines(String::from_utf8_lossy(event).trim_end_matches('\n'));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer").finish_non_exhaustive()
    }
}
