//! The one place that prints: results to stdout, all else to stderr.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use relay::AccessToken;

/// The shortest token that is looked for in what is printed: a shorter one is a word that may be
/// there by chance.
const SHORTEST: usize = 8;

/// Where results and messages go. Clones are the same.
///
/// A reader that goes away is no error: the rest is not written. Tokens are never shown, whoever
/// repeats them.
#[derive(Clone)]
pub(crate) struct Output(Arc<Streams>);

struct Streams {
    results: Mutex<Box<dyn Write + Send>>,
    messages: Mutex<Box<dyn Write + Send>>,
    is_terminal: bool,
    json: bool,
    tokens: RwLock<Vec<AccessToken>>,
}

/// What a message is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label {
    Error,
    Cause,
    Hint,
    Warning,
}

impl Output {
    /// Standard output and standard error; `json` is what the user wants to read.
    pub(crate) fn standard(json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let messages = anstream::AutoStream::auto(io::stderr());
        Self::new(Box::new(io::stdout()), Box::new(messages), is_terminal, json)
    }

    /// An output that nobody reads.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(Box::new(io::sink()), Box::new(io::sink()), false, false)
    }

    fn new(
        results: Box<dyn Write + Send>,
        messages: Box<dyn Write + Send>,
        is_terminal: bool,
        json: bool,
    ) -> Self {
        let (results, messages) = (Mutex::new(results), Mutex::new(messages));
        Self(Arc::new(Streams { results, messages, is_terminal, json, tokens: RwLock::default() }))
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
    pub(crate) fn conceal(&self, token: &AccessToken) {
        if token.expose().len() >= SHORTEST {
            self.0.tokens.write().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        }
    }

    /// Prints a result and a line feed.
    ///
    /// # Errors
    /// Those of writing to stdout.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        let mut text = self.concealed(text);
        if self.0.is_terminal {
            // A server must not get hold of the terminal.
            text = text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "\u{fffd}");
        }
        text.push('\n');
        let mut results = self.0.results.lock().unwrap_or_else(PoisonError::into_inner);
        let written = results.write_all(text.as_bytes()).and_then(|()| results.flush());
        written.or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })
    }

    /// Prints a message for people, on one line.
    pub(crate) fn message(&self, label: Label, text: impl fmt::Display) {
        let text = text.to_string().replace(char::is_control, " ");
        self.write(&match label {
            Label::Error => format!("\x1b[1;31merror:\x1b[0m {text}\n"),
            Label::Cause => format!("  caused by: {text}\n"),
            Label::Hint => format!("\x1b[1;36mhint:\x1b[0m {text}\n"),
            Label::Warning => format!("\x1b[1;33mwarning:\x1b[0m {text}\n"),
        });
    }

    /// Prints something on the side of the results that did not stop the program.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        if self.0.json {
            let text = text.to_string();
            self.raw(&serde_json::json!({ "warning": { "message": text } }).to_string());
        } else {
            self.message(Label::Warning, text);
        }
    }

    /// Prints a text to stderr as it is, and a line feed.
    pub(crate) fn raw(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(&self, text: &str) {
        let text = self.concealed(text);
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        // There is no other place to complain at.
        drop(messages.write_all(text.as_bytes()).and_then(|()| messages.flush()));
    }

    fn concealed(&self, text: &str) -> String {
        let tokens = self.0.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().fold(text.to_owned(), |text, token| text.replace(token.expose(), "****"))
    }
}

/// Prints what is traced, an event at a time.
impl Write for Output {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        Output::write(self, &String::from_utf8_lossy(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}
