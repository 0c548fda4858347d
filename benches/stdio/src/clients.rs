//! The clients: a minimal one, ours and rmcp's.

use std::{
    collections::HashMap,
    env,
    process::Stdio,
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use mcp_client::{Client, mcp_types::Revision};
use mcp_stdio::StdioTransport;
use rmcp::{RoleClient, ServiceExt, model::CallToolRequestParams, service::RunningService};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex, oneshot},
};

const TOOL: &str = "text";

/// A client that calls the tool and checks the result.
pub(crate) trait CallTool {
    async fn call(&self) -> Result<()>;
}

/// The minimum of a client: it writes lines, reads lines into `Value`, and matches responses by id.
pub(crate) struct Bare {
    _child: Child,
    stdin: Mutex<ChildStdin>,
    pending: PendingCalls,
    next: AtomicU64,
}

type PendingCalls = Arc<StdMutex<HashMap<u64, oneshot::Sender<Value>>>>;

pub(crate) struct McpClient(Client);

pub(crate) struct Rmcp {
    _child: Child,
    service: RunningService<RoleClient, ()>,
}

fn start() -> Result<(Child, ChildStdin, ChildStdout)> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    Ok((child, stdin.context("a pipe")?, stdout.context("a pipe")?))
}

impl Bare {
    pub(crate) fn start() -> Result<Self> {
        let (child, stdin, stdout) = start()?;
        let pending = PendingCalls::default();
        let calls = Arc::clone(&pending);
        tokio::spawn(async move {
            let mut lines = BufReader::with_capacity(64 * 1024, stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
                let id = message["id"].as_u64().unwrap_or_default();
                let sender = calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                if let Some(sender) = sender {
                    let _ = sender.send(message);
                }
            }
        });
        Ok(Self { _child: child, stdin: Mutex::new(stdin), pending, next: AtomicU64::new(1) })
    }
}

impl CallTool for Bare {
    async fn call(&self) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, response) = oneshot::channel();
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        let params = json!({ "name": TOOL, "arguments": {} });
        let request = json!({
            "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params,
        });
        self.stdin.lock().await.write_all(format!("{request}\n").as_bytes()).await?;
        let response = response.await?;
        ensure!(response["result"]["content"][0]["text"].is_string(), "no text");
        Ok(())
    }
}

impl McpClient {
    pub(crate) async fn start() -> Result<Self> {
        let transport = StdioTransport::builder(env::current_exe()?).arg("serve").build();
        let client = Client::builder(transport).protocol_version(Revision::V2025_11_25).build();
        client.connect().await?;
        Ok(Self(client))
    }
}

impl CallTool for McpClient {
    async fn call(&self) -> Result<()> {
        let result = self.0.call_tool(TOOL, ()).await?;
        ensure!(result.content.len() == 1, "no text");
        Ok(())
    }
}

impl Rmcp {
    pub(crate) async fn start() -> Result<Self> {
        let (child, stdin, stdout) = start()?;
        Ok(Self { _child: child, service: ().serve((stdout, stdin)).await? })
    }
}

impl CallTool for Rmcp {
    async fn call(&self) -> Result<()> {
        let call = CallToolRequestParams::new(TOOL).with_arguments(Default::default());
        let result = self.service.call_tool(call).await?;
        ensure!(result.content.len() == 1, "no text");
        Ok(())
    }
}
