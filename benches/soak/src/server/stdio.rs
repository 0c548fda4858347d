//! The stdio server. It counts the runs of each call of its process.

use std::{
    collections::HashSet,
    io::{self, BufRead, BufReader, BufWriter, Write},
};

use serde_json::{Value, json};

use super::catalog;
use crate::plan::{Identity, NAMES, STDIO};

/// Serves requests until the end of the input. Flushes the output if no complete line is buffered.
pub(crate) fn serve_stdio() -> io::Result<()> {
    let mut lines = BufReader::with_capacity(64 * 1024, io::stdin());
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let (mut line, mut ran) = (String::new(), HashSet::new());
    while lines.read_line(&mut line)? > 0 {
        let message: Value = serde_json::from_str(&line)?;
        if let Some(id) = message.get("id") {
            let result = respond(&message, &mut ran);
            writeln!(out, "{}", json!({ "jsonrpc": "2.0", "id": id, "result": result }))?;
        }
        if !lines.buffer().contains(&b'\n') {
            out.flush()?;
        }
        line.clear();
    }
    Ok(())
}

fn respond(message: &Value, ran: &mut HashSet<u64>) -> Value {
    match message["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": NAMES[STDIO], "version": "1" },
        }),
        Some("tools/list") => {
            let tool = json!({
                "name": "work",
                "description": NAMES[STDIO],
                "inputSchema": catalog::schema(),
            });
            json!({ "tools": [tool] })
        }
        _ => {
            let arguments = &message["params"]["arguments"];
            let number = arguments["number"].as_u64().unwrap_or_default();
            let identity = Identity {
                server: NAMES[STDIO].to_owned(),
                user: arguments["user"].as_u64().unwrap_or_default() as usize,
                number,
                runs: if ran.insert(number) { 1 } else { 2 },
            };
            let text = json!({ "type": "text", "text": "done" });
            json!({ "content": [text], "structuredContent": identity })
        }
    }
}
