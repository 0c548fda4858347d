//! Prints results to stdout and messages to stderr. Only the stdio server of the demo prints
//! without it.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use anyhow::{Context, Result};
use relay::{
    AccessToken,
    mcp_client::{Redactor, Truncated},
};
use serde::Serialize;

/// Prints results and messages. Clones share the streams and the secrets.
///
/// If the reader closes a stream, the rest is discarded without an error. Secrets are redacted in
/// all output, including text from servers.
#[derive(Clone)]
pub(crate) struct Printer(Arc<Streams>);

struct Streams {
    results: Mutex<Box<dyn Write + Send>>,
    messages: Mutex<Box<dyn Write + Send>>,
    is_terminal: bool,
    json: bool,
    redactor: RwLock<Redactor>,
}

/// The label of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label {
    Error,
    Cause,
    Suggestion,
    Warning,
}

impl Printer {
    /// Creates a printer for stdout and stderr. `json` selects JSON in place of text.
    pub(crate) fn standard(json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let messages = anstream::AutoStream::auto(io::stderr());
        Self::new(Box::new(io::stdout()), Box::new(messages), is_terminal, json)
    }

    /// Creates a printer that discards everything.
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
        Self(Arc::new(Streams {
            results,
            messages,
            is_terminal,
            json,
            redactor: RwLock::default(),
        }))
    }

    /// Returns whether stdout is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_terminal
    }

    /// Returns whether results and messages are printed as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.0.json
    }

    /// Redacts this token in all later output. Ignores tokens of fewer than 6 bytes.
    pub(crate) fn add_secret(&self, token: &AccessToken) {
        self.add_secrets(&Redactor::new(token.secrets()));
    }

    /// Redacts these secrets in all later output.
    pub(crate) fn add_secrets(&self, secrets: &Redactor) {
        let mut redactor = self.0.redactor.write().unwrap_or_else(PoisonError::into_inner);
        *redactor = redactor.and(secrets);
    }

    fn redactor(&self) -> Redactor {
        self.0.redactor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prints a result and a line feed.
    ///
    /// # Errors
    /// Returns an error if stdout cannot be written to.
    pub(crate) fn print_result(&self, text: &str) -> Result<()> {
        let text = self.redact(text);
        // Text from a server must not control the terminal.
        self.write_result(if self.0.is_terminal { without_control_characters(&text) } else { text })
    }

    /// Prints a result as JSON.
    ///
    /// # Errors
    /// Returns an error if stdout cannot be written to.
    pub(crate) fn print_json(&self, value: &impl Serialize) -> Result<()> {
        self.write_result(self.sanitize_json(&serde_json::to_string_pretty(value)?))
    }

    fn write_result(&self, mut text: String) -> Result<()> {
        text.push('\n');
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        let written = results.write_all(text.as_bytes()).and_then(|()| results.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write to stdout"),
        }
    }

    /// Prints a text message. The lines of a text stay lines, with an indent.
    pub(crate) fn print_message(&self, label: Label, text: impl fmt::Display) {
        let text = self.redact(&text.to_string());
        let lines = text.lines().map(|line| line.trim_end().replace(is_control, " "));
        let lines = lines.enumerate().map(|(index, line)| match index {
            0 => line,
            _ => format!("\n    {}", line.trim_start()),
        });
        let text: String = lines.collect();
        self.write_message(&match label {
            Label::Error => format!("\x1b[1;31merror:\x1b[0m {text}\n"),
            Label::Cause => format!("  caused by: {text}\n"),
            Label::Suggestion => format!("\x1b[1;36mhint:\x1b[0m {text}\n"),
            Label::Warning => format!("\x1b[1;33mwarning:\x1b[0m {text}\n"),
        });
    }

    /// Prints a warning. The program continues.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        if self.0.json {
            let text = text.to_string();
            self.print_json_message(&serde_json::json!({ "warning": { "message": text } }));
        } else {
            self.print_message(Label::Warning, text);
        }
    }

    /// Prints a JSON message on one line.
    pub(crate) fn print_json_message(&self, value: &impl Serialize) {
        let json = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
        self.write_message(&format!("{}\n", self.sanitize_json(&json)));
    }

    /// Prints lines to stderr without a label.
    pub(crate) fn print_lines(&self, text: &str) {
        self.write_message(&format!("{}\n", without_control_characters(&self.redact(text))));
    }

    /// Prints a URL of this program to stderr, after a text. The URL must work, so it is not redacted:
    /// a part of it may be equal to the value of a header by chance.
    pub(crate) fn print_url(&self, text: &str, url: &str) {
        self.write_message(&without_control_characters(&format!("{text}\n{url}\n")));
    }

    fn write_message(&self, text: &str) {
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        // There is no other stream to report the error to.
        drop(messages.write_all(text.as_bytes()).and_then(|()| messages.flush()));
    }

    /// Returns the text without secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redactor().redact(text).into_owned()
    }

    /// Returns the JSON without secrets. Characters that control a terminal are escaped.
    fn sanitize_json(&self, text: &str) -> String {
        let redactor = self.redactor();
        let redacted = redactor.redact_json(text);
        redacted.chars().fold(String::with_capacity(redacted.len()), |mut json, c| {
            match c {
                // Between values they are whitespace; within strings they are already escaped.
                '\n' | '\t' | '\r' => json.push(c),
                _ if is_control(c) => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => json.push(c),
            }
            json
        })
    }
}

/// Returns whether a character controls the terminal.
pub(crate) fn is_control(c: char) -> bool {
    Truncated::is_control(c)
}

/// Replaces control characters other than line feeds and tabs.
fn without_control_characters(text: &str) -> String {
    text.replace(|c| is_control(c) && !matches!(c, '\n' | '\t'), "\u{fffd}")
}

/// Prints the events of `tracing`, one at a time.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn results_and_messages_do_not_show_a_secret() {
        let (results, messages) = (Buffer::default(), Buffer::default());
        let printer =
            Printer::new(Box::new(results.clone()), Box::new(messages.clone()), false, false);
        printer.add_secret(&AccessToken::new("5ecret-token"));
        printer.print_result("a 5ecret-token").unwrap();
        printer.print_json(&["a 5ecret-token"]).unwrap();
        for label in [Label::Error, Label::Cause, Label::Suggestion, Label::Warning] {
            printer.print_message(label, "b 5ecret-token");
        }
        for (printed, count) in [(results, 2), (messages, 4)] {
            let printed = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
            assert!(!printed.contains("5ecret"), "{printed}");
            assert_eq!(printed.matches("****").count(), count, "{printed}");
        }
    }
}
