//! Published servers on stdio: their tools are listed, one is called, and no process is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    time::Duration,
};

use peers::{Program, installed};
use relay::{Relay, Server, StdioCommand};
use serde_json::{Value, json};
use tokio::{task::yield_now, time::timeout};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// The time limit of each step. Many servers start at once on few cores.
const LIMIT: Duration = Duration::from_secs(100);

/// The variable that marks the processes of a test.
const MARK: &str = "RELAY_TEST_PROCESS";

/// The start of a server, and a call of one of its tools.
struct Case {
    command: Vec<String>,
    tool: &'static str,
    arguments: Value,
    /// A part of the result.
    expected: &'static str,
}

impl Case {
    /// A server of an npm package.
    fn npm(script: &str, arguments: &[&str]) -> Option<Self> {
        let folder = installed(Program::Everything)?.join("node_modules");
        Some(Self::new(
            "node",
            [folder.join(script).to_str().unwrap()].into_iter().chain(arguments.iter().copied()),
        ))
    }

    /// A module or program of a Python package, with its arguments.
    fn python(program: Program, arguments: &[&str]) -> Option<Self> {
        let python = installed(program)?.join("bin/python");
        Some(Self::new(
            python.to_str().unwrap(),
            ["-B", "-m"].into_iter().chain(arguments.iter().copied()),
        ))
    }

    fn new<'a>(program: &'a str, arguments: impl Iterator<Item = &'a str>) -> Self {
        let command = [program].into_iter().chain(arguments).map(str::to_owned).collect();
        Self { command, tool: "", arguments: Value::Null, expected: "" }
    }

    fn call(self, tool: &'static str, arguments: Value, expected: &'static str) -> Self {
        Self { tool, arguments, expected, ..self }
    }

    /// Lists the tools, calls one, and checks that no process is left.
    async fn check(self) {
        self.check_with(|command| command).await;
    }

    async fn check_with(self, settings: impl FnOnce(StdioCommand) -> StdioCommand) {
        let mark = format!("{}-{}", process::id(), self.command.join(" "));
        let command = settings(StdioCommand::new(&self.command).env(MARK, &mark));
        let relay = Relay::builder().server("s", Server::stdio(command)).build().unwrap();
        let tools = timeout(LIMIT, relay.tools("s")).await.unwrap().unwrap();
        assert!(tools.iter().any(|tool| tool.definition().name == self.tool), "{}", self.tool);
        assert_ne!(marked(&mark), [0; 0]);
        if self.expected.is_empty() {
            // The call would need the internet.
        } else {
            let output = timeout(LIMIT, tools.call(self.tool, self.arguments)).await;
            let output = output.unwrap().unwrap();
            assert!(!output.is_error, "{}", output.text());
            assert!(output.text().contains(self.expected), "{}", output.text());
        }
        timeout(LIMIT, relay.close()).await.unwrap().unwrap();
        let ended = async {
            while !marked(&mark).is_empty() {
                yield_now().await;
            }
        };
        timeout(LIMIT, ended).await.unwrap();
    }
}

/// The ids of the processes with this mark.
fn marked(mark: &str) -> Vec<u32> {
    let variable = format!("{MARK}={mark}");
    let is_marked = |id: &u32| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|it| it == variable.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    entries.filter_map(|name| name.to_str()?.parse().ok()).filter(is_marked).collect()
}

/// A new empty folder, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("public-{name}-{}", process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(fs::canonicalize(folder).unwrap())
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[tokio::test]
async fn everything() {
    let script = "@modelcontextprotocol/server-everything/dist/index.js";
    let Some(case) = Case::npm(script, &["stdio"]) else { return };
    case.call("echo", json!({ "message": "a" }), "Echo: a").check().await;
}

#[tokio::test]
async fn filesystem() {
    let folder = Folder::new("filesystem");
    let script = "@modelcontextprotocol/server-filesystem/dist/index.js";
    let Some(case) = Case::npm(script, &[folder.path()]) else { return };
    let directories = "Allowed directories";
    case.call("list_allowed_directories", json!({}), directories).check().await;
}

#[tokio::test]
async fn memory() {
    let folder = Folder::new("memory");
    let script = "@modelcontextprotocol/server-memory/dist/index.js";
    let Some(case) = Case::npm(script, &[]) else { return };
    let file = folder.0.join("memory.jsonl").to_str().unwrap().to_owned();
    let case = case.call("read_graph", json!({}), "entities");
    case.check_with(|command| command.env("MEMORY_FILE_PATH", file)).await;
}

#[tokio::test]
async fn sequential_thinking() {
    let script = "@modelcontextprotocol/server-sequential-thinking/dist/index.js";
    let Some(case) = Case::npm(script, &[]) else { return };
    let thought = json!({
        "thought": "a", "nextThoughtNeeded": false, "thoughtNumber": 1, "totalThoughts": 1,
    });
    case.call("sequentialthinking", thought, "thoughtNumber").check().await;
}

#[tokio::test]
async fn budget_allocator() {
    let script = "@modelcontextprotocol/server-budget-allocator/dist/index.js";
    let Some(case) = Case::npm(script, &["--stdio"]) else { return };
    case.call("get-budget-data", json!({}), "Budget").check().await;
}

#[tokio::test]
async fn scenario_modeler() {
    let script = "@modelcontextprotocol/server-scenario-modeler/dist/index.js";
    let Some(case) = Case::npm(script, &["--stdio"]) else { return };
    case.call("get-scenario-data", json!({}), "Templates").check().await;
}

#[tokio::test]
async fn git() {
    let folder = Folder::new("git");
    let made = Command::new("git").args(["init", "--quiet", folder.path()]).status();
    assert!(made.unwrap().success());
    let Some(case) = Case::python(Program::FastMcp, &["mcp_server_git"]) else { return };
    let arguments = json!({ "repo_path": folder.path() });
    case.call("git_status", arguments, "No commits yet").check().await;
}

#[tokio::test]
async fn time() {
    let arguments = ["mcp_server_time", "--local-timezone=UTC"];
    let Some(case) = Case::python(Program::FastMcp, &arguments) else { return };
    case.call("get_current_time", json!({ "timezone": "UTC" }), "UTC").check().await;
}

#[tokio::test]
async fn calculator() {
    let Some(case) = Case::python(Program::PythonSdk, &["mcp_server_calculator"]) else { return };
    case.call("calculate", json!({ "expression": "2 * 21" }), "42").check().await;
}

#[tokio::test]
async fn sqlite() {
    let folder = Folder::new("sqlite");
    let database = folder.0.join("test.db");
    let start = "import sys, mcp_server_sqlite; mcp_server_sqlite.main()";
    let Some(python) = installed(Program::PythonSdk) else { return };
    let python = python.join("bin/python");
    let arguments = ["-B", "-c", start, "--db-path", database.to_str().unwrap()];
    let case = Case::new(python.to_str().unwrap(), arguments.into_iter());
    let query = json!({ "query": "CREATE TABLE a (b INTEGER)" });
    case.call("create_table", query, "created").check().await;
}

/// Like servers that start slowly: the client sends `initialize` before the server has read
/// `server/discover`, and gets both responses later.
mod slow_start {
    use super::*;

    /// Shorter than the start of any of these servers.
    const PROBE_TIMEOUT: Duration = Duration::from_millis(20);

    async fn check(case: Case) {
        case.check_with(|command| command.probe_timeout(PROBE_TIMEOUT)).await;
    }

    #[tokio::test]
    async fn time() {
        let arguments = ["mcp_server_time", "--local-timezone=UTC"];
        let Some(case) = Case::python(Program::FastMcp, &arguments) else { return };
        check(case.call("get_current_time", json!({ "timezone": "UTC" }), "UTC")).await;
    }

    #[tokio::test]
    async fn fetch() {
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_raw("a fetched text", "text/plain");
        Mock::given(method("GET")).respond_with(page).mount(&server).await;
        let arguments = ["mcp_server_fetch", "--ignore-robots-txt", "--allow-private-ips"];
        let Some(case) = Case::python(Program::FastMcp, &arguments) else { return };
        check(case.call("fetch", json!({ "url": server.uri() }), "a fetched text")).await;
    }

    #[tokio::test]
    async fn context7() {
        let Some(case) = Case::npm("@upstash/context7-mcp/dist/index.js", &[]) else { return };
        check(case.call("resolve-library-id", json!({}), "")).await;
    }

    #[tokio::test]
    async fn rmcp() {
        let Some(folder) = installed(Program::Rmcp) else { return };
        let program = folder.join("debug/rmcp-fixture");
        let case = Case::new(program.to_str().unwrap(), ["stdio"].into_iter());
        check(case.call("greet", json!({ "name": "Ada" }), "Hello, Ada!")).await;
    }
}
