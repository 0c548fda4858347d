//! Child processes that use a store, and that tests kill.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{ChildStdout, Command, ExitStatus, Stdio},
    sync::Mutex,
};

use mcp_oauth::Store;
use relay::{Relay, Server};

use super::{
    records::key,
    test_store::{StoreKind, TestStore},
};
use crate::sign_in::support::client_builder;

const TASK: &str = "STORES_TASK";
const KIND: &str = "STORES_KIND";
const DIRECTORY: &str = "STORES_FOLDER";
/// The environment variable with the URL of the MCP server to call.
pub(crate) const SERVER: &str = "STORES_SERVER";

/// A process of this test binary that runs one task.
pub(crate) struct ChildProcess {
    process: Mutex<std::process::Child>,
    stdout: Mutex<BufReader<ChildStdout>>,
}

impl ChildProcess {
    /// Starts the process with a store and environment variables.
    pub(crate) fn start(task: &str, test_store: &TestStore, env: &[(&str, &Path)]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "credential_stores::child_process::child_process_entry_point",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env(TASK, task)
            .env(KIND, format!("{:?}", test_store.kind))
            .env(DIRECTORY, test_store.folder())
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = Mutex::new(BufReader::new(process.stdout.take().unwrap()));
        Self { process: Mutex::new(process), stdout }
    }

    /// Waits until the process has printed a line that ends with `wanted`.
    pub(crate) fn wait_for_line(&self, wanted: &str) {
        let mut stdout = self.stdout.lock().unwrap();
        let mut line = String::new();
        while !line.trim_end().ends_with(wanted) {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it ends without saying {wanted:?}");
        }
    }

    pub(crate) fn kill(self) {
        let process = self.process.into_inner().unwrap();
        let mut process = process;
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Waits until the process ends. Returns its exit status and its output.
    pub(crate) fn wait(self) -> (ExitStatus, String) {
        let mut text = String::new();
        self.stdout.into_inner().unwrap().read_to_string(&mut text).unwrap();
        (self.process.into_inner().unwrap().wait().unwrap(), text)
    }
}

/// Not a test: the entry point of a [`ChildProcess`].
#[tokio::test]
async fn child_process_entry_point() {
    let Ok(task) = env::var(TASK) else { return };
    let kind = StoreKind::from_name(&env::var(KIND).unwrap());
    let store = kind.open(Path::new(&env::var_os(DIRECTORY).unwrap()));
    match task.as_str() {
        "lock" => {
            let _held = store.lock(&key("ann")).await.unwrap();
            print_line("locked");
            // Holds the lock until this process is killed or its parent ends.
            drop(std::io::stdin().read(&mut [0]));
        }
        "call" => {
            let client = client_builder().store(store).build().unwrap();
            let server = Server::http(env::var(SERVER).unwrap());
            let relay = Relay::builder().server("s", server).build().unwrap();
            let user = relay.for_user("alice", client.user("alice"));
            let output = user.tools("s").await.unwrap().call("greet", ()).await.unwrap();
            print_line(&output.text());
        }
        other => panic!("unknown task {other:?}"),
    }
}

fn print_line(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}
