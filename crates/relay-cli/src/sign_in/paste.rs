//! Callback URLs that the user pastes into the terminal.

use std::{
    future,
    io::{self, BufRead, Read},
    thread,
};

use tokio::sync::mpsc;

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// The lines of stdin, while the program also waits for a browser.
pub(crate) struct PastedLines(Option<mpsc::Receiver<String>>);

impl PastedLines {
    /// Starts to read stdin if `enabled`. The thread ends with the program, because a read cannot be
    /// interrupted.
    pub(crate) fn start(enabled: bool) -> Self {
        Self(enabled.then(|| {
            let (sender, lines) = mpsc::channel(1);
            thread::spawn(move || read_lines(io::stdin().lock(), &sender));
            lines
        }))
    }

    /// Returns the next line. Never completes after the end of stdin.
    pub(crate) async fn next(&mut self) -> String {
        if let Some(lines) = &mut self.0
            && let Some(line) = lines.recv().await
        {
            return line;
        }
        self.0 = None;
        future::pending().await
    }
}

fn read_lines(mut input: impl BufRead, lines: &mpsc::Sender<String>) {
    loop {
        let mut line = String::new();
        match input.by_ref().take(MAX_LINE).read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => {}
            Ok(_) if lines.blocking_send(line).is_err() => return,
            Ok(_) => {}
        }
    }
}
