//! Processes that use a store, and that tests kill.

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
    test_store::{Home, Kind},
};
use crate::sign_in::support::application;

const TASK: &str = "STORES_TASK";
const KIND: &str = "STORES_KIND";
const FOLDER: &str = "STORES_FOLDER";
/// The server that is called.
pub(crate) const SERVER: &str = "STORES_SERVER";

/// A process of this program that does one thing.
pub(crate) struct Child {
    process: Mutex<std::process::Child>,
    stdout: Mutex<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts it with a store, and variables of the environment.
    pub(crate) fn start(task: &str, home: &Home, env: &[(&str, &Path)]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "credential_stores::child_process::child_process_entry_point",
                "--nocapture",
                "--test-threads",
                "1",
            ])
            .env(TASK, task)
            .env(KIND, format!("{:?}", home.kind))
            .env(FOLDER, home.folder())
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = Mutex::new(BufReader::new(process.stdout.take().unwrap()));
        Self { process: Mutex::new(process), stdout }
    }

    /// Waits until it has printed a line.
    pub(crate) fn says(&self, wanted: &str) {
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

    /// Waits until it ends, and returns how, with what it printed.
    pub(crate) fn end(self) -> (ExitStatus, String) {
        let mut text = String::new();
        self.stdout.into_inner().unwrap().read_to_string(&mut text).unwrap();
        (self.process.into_inner().unwrap().wait().unwrap(), text)
    }
}

/// Not a test by itself: what a [`Child`] does.
#[tokio::test]
async fn child_process_entry_point() {
    let Ok(task) = env::var(TASK) else { return };
    let kind = Kind::named(&env::var(KIND).unwrap());
    let store = kind.open(Path::new(&env::var_os(FOLDER).unwrap()));
    match task.as_str() {
        "lock" => {
            let _held = store.lock(&key("ann")).await.unwrap();
            say("locked");
            // Until it is killed, or its parent is no more.
            drop(std::io::stdin().read(&mut [0]));
        }
        "call" => {
            let client = application().store(store).build().unwrap();
            let server = Server::http(env::var(SERVER).unwrap());
            let relay = Relay::builder().server("s", server).build().unwrap();
            let user = relay.for_user("alice", client.user("alice"));
            let output = user.tools("s").await.unwrap().call("greet", ()).await.unwrap();
            say(&output.text());
        }
        other => panic!("nobody does {other:?}"),
    }
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}
