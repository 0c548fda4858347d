//! Servers on stdio: three on Node and one on Python, stateful and stateless.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use mcp_client::mcp_types::Revision;
use peers::{Program, installed};
use relay::{Error, Relay, Server, ServerTools};
use serde_json::{Value, json};

use crate::support::with_timeout;

/// The server of an npm package, with arguments.
fn npm_server(package: &str, arguments: &[&str]) -> Option<relay::StdioCommand> {
    let folder = installed(Program::Everything)?;
    let script = folder.join(format!("node_modules/@modelcontextprotocol/{package}/dist/index.js"));
    let command = [&["node", script.to_str().unwrap()], arguments].concat();
    Some(relay::StdioCommand::new(command))
}

fn relay(command: relay::StdioCommand) -> Relay {
    Relay::builder().server("all", Server::stdio(command)).build().unwrap()
}

async fn tools(relay: &Relay) -> ServerTools {
    with_timeout(relay.tools("all")).await.unwrap()
}

async fn text(tools: &ServerTools, tool: &str, arguments: Value) -> String {
    let output = with_timeout(tools.call(tool, arguments)).await.unwrap();
    assert!(!output.is_error, "{}", output.text());
    output.text()
}

async fn revision(relay: &Relay) -> Revision {
    let connection = relay.without_token().connection("all").unwrap();
    with_timeout(connection.connect()).await.unwrap().revision
}

/// A new empty directory.
fn temporary_directory(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::canonicalize(folder).unwrap()
}

#[tokio::test]
async fn everything_works_over_stdio() {
    let Some(command) = npm_server("server-everything", &["stdio"]) else { return };
    let relay = relay(command.env("SECRET_OF_THE_TEST", "s3cret-value"));
    let tools = tools(&relay).await;
    assert_eq!(revision(&relay).await, Revision::V2025_11_25);
    assert!(tools.len() > 10, "{}", tools.len());
    assert_eq!(text(&tools, "echo", json!({ "message": "héllo\n" })).await, "Echo: héllo\n");
    assert_snapshot!(text(&tools, "get-sum", json!({ "a": 2, "b": 40 })).await, @"
    The sum of 2 and 40 is 42.
    ");
    let env: Value = serde_json::from_str(&text(&tools, "get-env", json!({})).await).unwrap();
    assert_eq!(env["SECRET_OF_THE_TEST"], "s3cret-value");
    assert!(env.get("CARGO_MANIFEST_DIR").is_none(), "what is not named is not passed on");
    let calls = (0..20).map(|n| text(&tools, "get-sum", json!({ "a": n, "b": n })));
    let sums = futures_util::future::join_all(calls).await;
    assert!(
        sums.iter().enumerate().all(|(n, sum)| sum.contains(&format!(" {}", n + n))),
        "{sums:?}"
    );
    with_timeout(relay.close()).await.unwrap();
}

#[tokio::test]
async fn killed_process_has_unknown_outcome_and_is_restarted() {
    let Some(command) = npm_server("server-everything", &["stdio", MARK]) else { return };
    let relay = relay(command);
    let tools = tools(&relay).await;
    let env = text(&tools, "get-env", json!({})).await;
    assert!(env.contains("PATH"));
    let long = tools.clone();
    let call = tokio::spawn(async move {
        long.call("trigger-long-running-operation", json!({ "duration": 60, "steps": 2 })).await
    });
    let process = with_timeout(marked_process()).await;
    // Calls are sent in order: once this one is answered, the long call has been sent.
    text(&tools, "echo", json!({ "message": "a" })).await;
    let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(killed.unwrap().success());
    let error = with_timeout(call).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(
        text(&tools, "echo", json!({ "message": "b" })).await,
        "Echo: b",
        "it is there again"
    );
    with_timeout(relay.close()).await.unwrap();
}

/// Marks the process that is to be killed. The server ignores it.
const MARK: &str = "the-one-to-be-killed";

/// The id of the marked process.
async fn marked_process() -> u32 {
    loop {
        let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            entry.unwrap().file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        });
        for number in numbers {
            let command = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            if command.split(|byte| *byte == 0).any(|argument| argument == MARK.as_bytes()) {
                return number;
            }
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn filesystem_works_over_stdio() {
    let folder = temporary_directory("files");
    std::fs::write(folder.join("a.txt"), "one\ntwo\n").unwrap();
    let path = folder.to_str().unwrap();
    let Some(command) = npm_server("server-filesystem", &[path]) else { return };
    let relay = relay(command);
    let tools = tools(&relay).await;
    assert_eq!(text(&tools, "list_directory", json!({ "path": path })).await, "[FILE] a.txt");
    let file = json!({ "path": folder.join("a.txt") });
    assert_eq!(text(&tools, "read_text_file", file).await, "one\ntwo\n");
    let outside =
        with_timeout(tools.call("read_text_file", json!({ "path": "/etc/hostname" }))).await;
    assert!(outside.unwrap().is_error);
    with_timeout(relay.close()).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn memory_works_over_stdio() {
    let folder = temporary_directory("memory");
    let Some(command) = npm_server("server-memory", &[]) else { return };
    let file = folder.join("memory.jsonl");
    let relay = relay(command.env("MEMORY_FILE_PATH", file.to_str().unwrap()));
    let tools = tools(&relay).await;
    let entities = json!([{ "name": "Ada", "entityType": "person", "observations": ["counts"] }]);
    text(&tools, "create_entities", json!({ "entities": entities })).await;
    let graph = text(&tools, "read_graph", json!({})).await;
    let graph: Value = serde_json::from_str(&graph).unwrap();
    assert_eq!(graph["entities"][0]["name"], "Ada");
    with_timeout(relay.close()).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn time_works_over_stdio_with_a_stateless_version() {
    let Some(folder) = installed(Program::FastMcp) else { return };
    let python = folder.join("bin/python");
    let command = [python.to_str().unwrap(), "-B", "-m", "mcp_server_time", "--local-timezone=UTC"];
    let relay = relay(relay::StdioCommand::new(command));
    let tools = tools(&relay).await;
    assert_eq!(revision(&relay).await, Revision::V2026_07_28);
    let names: Vec<_> = tools.iter().map(|tool| tool.definition().name.clone()).collect();
    assert_eq!(names, ["get_current_time", "convert_time"]);
    let arguments = json!({
        "source_timezone": "UTC",
        "time": "12:00",
        "target_timezone": "Asia/Tokyo",
    });
    let converted = text(&tools, "convert_time", arguments).await;
    assert!(converted.contains("T21:00:00+09:00"), "{converted}");
    with_timeout(relay.close()).await.unwrap();
}
