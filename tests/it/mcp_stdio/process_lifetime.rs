//! The life of a process: its end in good order and in bad, and what is left of it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{Change, Client, Context, Transport, Watch};
use serde_json::json;
use tokio::task::yield_now;

use super::support::{call, client, exists, gone, kill, pid, server};
use crate::support::{describe_result, with_timeout};

#[tokio::test]
async fn crash_distinguishes_unknown_outcome_from_not_run() {
    // N-STDIO-05, STDIO-08
    for era in ["old", "new"] {
        let client = client(&[era]);
        let process = pid(&client).await;
        let calling = client.clone();
        let held = tokio::spawn(async move { calling.call_tool("hold", ()).await });
        call(&client, "echo", json!({})).await.unwrap();
        kill(process);
        let failed = describe_result(with_timeout(held).await.unwrap());
        let failed = failed.replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]");
        insta::allow_duplicates! {
            assert_snapshot!(failed, @"
            `[SERVER]` ended (signal: 9 (SIGKILL)) before it answered: outcome unknown
            -> Interrupted
            ");
        }
        assert_ne!(pid(&client).await, process, "it is started again");
        assert!(!exists(process));
    }
}

#[tokio::test]
async fn last_lines_of_stderr_are_part_of_the_error() {
    let client = client(&["new"]);
    let failed = describe_result(call(&client, "die", json!({})).await);
    assert_snapshot!(failed.replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]"), @"
    `[SERVER]` ended (exit status: 9) before it answered: outcome unknown; the end of its stderr:
      out of cheese
    -> Interrupted
    ");
}

#[tokio::test]
async fn close_ends_the_whole_process_group() {
    // STDIO-07, N-STDIO-04: one that ends with its input, one that has to be told, and a grandchild
    // that does not listen to that
    for habits in [&["new"][..], &["new", "stays"]] {
        let client = client(habits);
        let process = pid(&client).await;
        let grandchild = call(&client, "grandchild", json!({})).await.unwrap().parse().unwrap();
        assert!(exists(process) && exists(grandchild));
        with_timeout(client.close()).await.unwrap();
        assert!(!exists(process), "closed means ended, and buried");
        gone(&[grandchild]).await;
        assert_ne!(pid(&client).await, process, "a later call starts another");
    }
}

#[tokio::test]
async fn concurrent_close_waits_for_the_process_to_end() {
    // STDIO-07
    let transport = server(&["new", "stays"]).build();
    let process = pid(&Client::new(transport.clone())).await;
    let closing = transport.clone();
    let first = tokio::spawn(async move { closing.close(Context::default()).await });
    let under_way = async {
        while transport.listen(Context::default()).await.is_ok() {
            yield_now().await;
        }
    };
    with_timeout(under_way).await;
    assert!(exists(process));
    with_timeout(transport.close(Context::default())).await.unwrap();
    assert!(!exists(process), "closed means ended, and buried");
    with_timeout(first).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopped_process_is_killed_by_close() {
    let client = client(&["new", "stays"]);
    let process = pid(&client).await;
    let calling = client.clone();
    let stopped = tokio::spawn(async move { calling.call_tool("mute", ()).await });
    call_is_under_way(&client, process).await;
    with_timeout(client.close()).await.unwrap();
    assert!(!exists(process));
    assert!(!with_timeout(stopped).await.unwrap().unwrap_err().did_not_run());
}

/// Waits until the process is stopped.
async fn call_is_under_way(_: &Client, process: u32) {
    let stopped = async {
        let stat = || std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        while !stat().contains(") T ") {
            yield_now().await;
        }
    };
    with_timeout(stopped).await;
}

#[tokio::test]
async fn dropping_the_last_clone_ends_the_process() {
    let transport = server(&["new", "stays"]).build();
    let client = Client::new(transport.clone());
    let process = pid(&client).await;
    let grandchild = call(&client, "grandchild", json!({})).await.unwrap().parse().unwrap();
    drop(client);
    assert!(exists(process), "a clone is left");
    drop(transport);
    gone(&[process, grandchild]).await;
}

#[tokio::test]
async fn exit_of_the_server_ends_its_child_processes() {
    let client = client(&["new"]);
    let grandchild = call(&client, "grandchild", json!({})).await.unwrap().parse().unwrap();
    // It holds the output open.
    let failed = call(&client, "die", json!({})).await.unwrap_err();
    assert!(failed.to_string().contains("out of cheese"), "{failed}");
    gone(&[grandchild]).await;
}

#[tokio::test]
async fn idle_process_is_ended_and_started_again() {
    for era in ["old", "new"] {
        let transport = server(&[era]).idle_timeout(Duration::from_millis(100)).build();
        let client = Client::new(transport);
        let process = pid(&client).await;
        gone(&[process]).await;
        assert_ne!(pid(&client).await, process);
    }
}

/// A client of a server that is not kept for long.
fn of_one_that_may_be_idle(era: &str) -> Client {
    Client::new(server(&[era]).idle_timeout(Duration::from_millis(100)).build())
}

/// Waits until another such server, which is called now, has been ended.
async fn another_is_idle() {
    let other = of_one_that_may_be_idle("new");
    gone(&[pid(&other).await]).await;
}

#[tokio::test]
async fn process_with_a_pending_call_is_not_idle() {
    for era in ["old", "new"] {
        let client = of_one_that_may_be_idle(era);
        let calling = client.clone();
        let held = tokio::spawn(async move { calling.call_tool("hold", ()).await });
        let process = pid(&client).await;
        another_is_idle().await;
        assert_eq!(call(&client, "release", json!({})).await.unwrap(), "released");
        with_timeout(held).await.unwrap().unwrap();
        assert!(exists(process));
    }
}

#[tokio::test]
async fn watched_process_is_not_idle() {
    // N-STDIO-05: what it tells while it is not there would be lost
    let client = of_one_that_may_be_idle("old");
    let mut changes = with_timeout(client.watch(Watch::new().tools())).await.unwrap();
    let process = pid(&client).await;
    another_is_idle().await;
    assert_eq!(call(&client, "change", json!({})).await.unwrap(), "changed");
    assert_eq!(with_timeout(changes.next()).await.unwrap().unwrap(), Change::Tools);
    assert_eq!(pid(&client).await, process);
    drop(changes);
    gone(&[process]).await;
}

#[tokio::test]
async fn close_does_not_start_a_process() {
    let transport = server(&["new"]).build();
    with_timeout(transport.close(Context::default())).await.unwrap();
    let client = Client::new(transport);
    with_timeout(client.close()).await.unwrap();
    assert!(format!("{client:?}").contains("Client"));
}

#[test]
fn no_process_survives_the_application() {
    // At the end of `main`, by a panic, by `exit`, killed, and after a good `close`
    for end in ["returns", "closes", "panics", "exits", "aborts", "is killed"] {
        let (mut application, mut said) = Application::start(end);
        let pids = [said.next().unwrap(), said.next().unwrap()];
        if end == "is killed" {
            assert!(pids.iter().all(|pid| exists(*pid)));
            kill(application.0.id());
        }
        let status = application.0.wait().unwrap();
        let expected = match end {
            "panics" => Some(101),
            "exits" => Some(3),
            "aborts" | "is killed" => None,
            _ => Some(0),
        };
        assert_eq!(status.code(), expected, "{end}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(gone(&pids));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn orphans_of_a_server_are_killed_and_reaped() {
    // N-STDIO-05: orphans are left to the first process of a container, which is often the application
    let (application, mut said) = Application::start("adopts");
    let [server, grandchild] = [said.next().unwrap(), said.next().unwrap()];
    let next = said.next().unwrap();
    assert_ne!(next, server, "it is started again");
    for pid in [server, grandchild] {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        assert!(stat.is_err(), "{stat:?}");
    }
    drop(application);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(gone(&[next]));
}

/// The application, killed when it is dropped.
struct Application(Child);

impl Application {
    /// Starts one that ends like this: it, and the processes that it tells of.
    fn start(end: &str) -> (Self, impl Iterator<Item = u32> + use<>) {
        let mut application = Command::new(env!("CARGO_BIN_EXE_stdio-application"))
            .args([env!("CARGO_BIN_EXE_stdio-server"), end])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is there");
        let lines = BufReader::new(application.stdout.take().expect("a pipe")).lines();
        (Self(application), lines.map(|line| line.expect("a text").parse().expect("a number")))
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // It fails where there is nothing left to kill.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
