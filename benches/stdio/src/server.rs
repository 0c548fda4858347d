//! The child process. It sends prepared results, one on each line.

use std::io::{self, BufRead, BufWriter, Write};

use serde_json::Value;

/// Serves requests until the end of the input. Flushes the output when no complete line is buffered.
pub(crate) fn serve() -> io::Result<()> {
    let text = "x".repeat(1024);
    let mut lines = io::BufReader::with_capacity(64 * 1024, io::stdin());
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let message: Value = serde_json::from_str(&line)?;
        if let Some(id) = message.get("id") {
            let result = match message["method"].as_str() {
                Some("initialize") => {
                    r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}"#
                }
                _ => &format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#),
            };
            writeln!(out, r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)?;
        }
        if !lines.buffer().contains(&b'\n') {
            out.flush()?;
        }
        line.clear();
    }
    Ok(())
}
