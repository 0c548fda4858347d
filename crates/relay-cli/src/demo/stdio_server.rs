//! The stdio server of the demo. Relay starts this program as a child process to run it.

use std::io::{self, BufRead, Write};

use anyhow::Result;
use serde_json::{Value, json};

use crate::output::Exit;

/// Serves requests until stdin ends.
pub(crate) fn serve() -> Result<Exit> {
    let mut stdout = io::stdout();
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let Some(id) = request.get("id") else { continue };
        let mut response = respond(&request["method"], &request["params"]);
        response["jsonrpc"] = json!("2.0");
        response["id"] = id.clone();
        writeln!(stdout, "{response}")?;
    }
    Ok(Exit::Success)
}

/// Returns the response to a request, in protocol version 2026-07-28.
fn respond(method: &Value, params: &Value) -> Value {
    let mut result = match method.as_str().unwrap_or_default() {
        "server/discover" => json!({
            "supportedVersions": ["2026-07-28"],
            "capabilities": { "tools": {} },
            "ttlMs": 3_600_000,
            "cacheScope": "public",
        }),
        "tools/list" => {
            let schema = json!({
                "type": "object",
                "properties": { "text": { "type": "string" } },
                "required": ["text"],
            });
            let description = "Counts the words of a text";
            let tool =
                json!({ "name": "count", "description": description, "inputSchema": schema });
            json!({ "tools": [tool], "ttlMs": 3_600_000, "cacheScope": "public" })
        }
        "tools/call" => {
            let text = params["arguments"]["text"].as_str().unwrap_or_default();
            let words = text.split_whitespace().count();
            json!({ "content": [{ "type": "text", "text": format!("{words} words") }] })
        }
        method => {
            let message = format!("unknown method \"{method}\"");
            return json!({ "error": { "code": -32601, "message": message } });
        }
    };
    result["resultType"] = json!("complete");
    json!({ "result": result })
}
