//! Server processes, a server in memory, and helpers for process ids.

use std::{fs, time::Duration};

use mcp_client::{Client, Error, ToolResult};
use mcp_stdio::{LineTransport, StdioTransport, StdioTransportBuilder};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream},
    task::yield_now,
};

use crate::support::with_timeout;

/// The test server with these behaviors (see `stdio/server.rs`).
pub(super) fn server(behaviors: &[&str]) -> StdioTransportBuilder {
    StdioTransport::builder(env!("CARGO_BIN_EXE_stdio-server"))
        .args(behaviors)
        .shutdown_timeout(Duration::from_millis(300))
        .probe_timeout(Duration::from_millis(500))
}

/// A client of the test server with these behaviors.
pub(super) fn client(behaviors: &[&str]) -> Client {
    Client::new(server(behaviors).build())
}

/// Calls a tool and returns its text.
pub(super) async fn call(client: &Client, tool: &str, arguments: Value) -> Result<String, Error> {
    with_timeout(client.call_tool(tool, arguments)).await.map(|result| text(&result))
}

pub(super) fn text(result: &ToolResult) -> String {
    let content = serde_json::to_value(&result.content).expect("JSON");
    content[0]["text"].as_str().expect("a text").to_owned()
}

/// The process id of the server.
pub(super) async fn pid(client: &Client) -> u32 {
    call(client, "pid", json!({})).await.expect("a response").parse().expect("a number")
}

/// Returns whether the process exists. A zombie counts only if it is a child of this process.
pub(super) fn exists(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name may contain anything. The state and the parent follow it.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut rest = rest.split_whitespace();
    let (state, parent) = (rest.next(), rest.next());
    state != Some("Z") || parent == Some(&std::process::id().to_string())
}

/// Waits until none of the processes exists.
pub(super) async fn wait_until_gone(pids: &[u32]) {
    let gone = async {
        while pids.iter().any(|pid| exists(*pid)) {
            yield_now().await;
        }
    };
    with_timeout(gone).await;
}

/// Kills a process with `SIGKILL`.
pub(super) fn kill(pid: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.expect("kill is installed").success());
}

/// The server's end of an in-memory transport.
pub(super) struct ServerEnd(BufReader<DuplexStream>);

impl ServerEnd {
    pub(super) fn new() -> (LineTransport, Self) {
        let (transport, server) = LineTransport::in_memory();
        (transport, Self(BufReader::new(server)))
    }

    /// The next message of the client, or `None` once it has closed the transport.
    pub(super) async fn next(&mut self) -> Option<Value> {
        with_timeout(self.next_untimed()).await
    }

    /// Like [`next`](Self::next), without a timeout.
    pub(super) async fn next_untimed(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("a stream");
        let message = line.strip_suffix('\n')?;
        Some(serde_json::from_str(message).expect("one JSON message per line"))
    }

    /// Sends a line.
    pub(super) async fn send(&mut self, line: impl ToString) {
        let line = line.to_string() + "\n";
        with_timeout(self.0.write_all(line.as_bytes())).await.expect("the client is there");
    }

    /// Responds to a request.
    pub(super) async fn respond(&mut self, request: &Value, result: Value) {
        let response = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        self.send(response).await;
    }

    /// Receives a request of this method and responds to it.
    pub(super) async fn respond_to(&mut self, method: &str, result: Value) -> Value {
        let request = self.next().await.expect("a request");
        assert_eq!(request["method"], method, "{request}");
        self.respond(&request, result).await;
        request
    }

    /// Handles `initialize` as a server of 2025-11-25.
    pub(super) async fn initialize(&mut self) {
        let initialize = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": { "listChanged": true }, "logging": {} },
            "serverInfo": { "name": "wire", "version": "1" },
        });
        self.respond_to("initialize", initialize).await;
        let notification = self.next().await.expect("a notification");
        assert_eq!(notification["method"], "notifications/initialized");
    }
}

/// The result of a tool call.
pub(super) fn call_result(text: &str) -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] })
}
