//! Servers for these tests, and what is to be seen of processes.

use std::{fs, time::Duration};

use mcp_client::{Client, Error, ToolResult};
use mcp_stdio::{Builder, LineTransport, StdioTransport};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream},
    task::yield_now,
};

use crate::support::with_timeout;

/// The server's program, with these habits.
pub(super) fn server(habits: &[&str]) -> Builder {
    StdioTransport::builder(env!("CARGO_BIN_EXE_stdio-server"))
        .args(habits)
        .grace(Duration::from_millis(300))
        .probe_time(Duration::from_millis(500))
}

/// A client of it.
pub(super) fn client(habits: &[&str]) -> Client {
    Client::new(server(habits).build())
}

/// Calls a tool: its text.
pub(super) async fn call(client: &Client, tool: &str, arguments: Value) -> Result<String, Error> {
    with_timeout(client.call_tool(tool, arguments)).await.map(|result| text(&result))
}

pub(super) fn text(result: &ToolResult) -> String {
    let content = serde_json::to_value(&result.content).expect("JSON");
    content[0]["text"].as_str().expect("a text").to_owned()
}

/// The number of the server's process.
pub(super) async fn pid(client: &Client) -> u32 {
    call(client, "pid", json!({})).await.expect("an answer").parse().expect("a number")
}

/// Whether there is such a process, be it a zombie of this one. What has been left to others to
/// bury is gone.
pub(super) fn exists(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // After the name, which may hold anything, follow the state and the parent.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut rest = rest.split_whitespace();
    let (state, parent) = (rest.next(), rest.next());
    state != Some("Z") || parent == Some(&std::process::id().to_string())
}

/// Waits until none of the processes exists.
pub(super) async fn gone(pids: &[u32]) {
    let gone = async {
        while pids.iter().any(|pid| exists(*pid)) {
            yield_now().await;
        }
    };
    with_timeout(gone).await;
}

/// Ends a process in the way of `kill -9`.
pub(super) fn kill(pid: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.expect("kill is there").success());
}

/// The server's end of a transport in memory.
pub(super) struct Wire(BufReader<DuplexStream>);

impl Wire {
    pub(super) fn new() -> (LineTransport, Self) {
        let (transport, server) = LineTransport::in_memory();
        (transport, Self(BufReader::new(server)))
    }

    /// The next message of the client; `None` once it has closed.
    pub(super) async fn next(&mut self) -> Option<Value> {
        with_timeout(self.late()).await
    }

    /// The same, however long it takes.
    pub(super) async fn late(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("a stream");
        let message = line.strip_suffix('\n')?;
        Some(serde_json::from_str(message).expect("one message of JSON a line"))
    }

    /// Sends a line.
    pub(super) async fn say(&mut self, line: impl ToString) {
        let line = line.to_string() + "\n";
        with_timeout(self.0.write_all(line.as_bytes())).await.expect("the client is there");
    }

    /// Answers a request.
    pub(super) async fn answer(&mut self, request: &Value, result: Value) {
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        self.say(answer).await;
    }

    /// Receives a request of this method and answers it.
    pub(super) async fn serve(&mut self, method: &str, result: Value) -> Value {
        let request = self.next().await.expect("a request");
        assert_eq!(request["method"], method, "{request}");
        self.answer(&request, result).await;
        request
    }

    /// Lets itself be greeted, as a server of 2025-11-25.
    pub(super) async fn initialized(&mut self) {
        let greeting = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": { "listChanged": true }, "logging": {} },
            "serverInfo": { "name": "wire", "version": "1" },
        });
        self.serve("initialize", greeting).await;
        let told = self.next().await.expect("a notification");
        assert_eq!(told["method"], "notifications/initialized");
    }
}

/// The result of a call.
pub(super) fn said(text: &str) -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] })
}
