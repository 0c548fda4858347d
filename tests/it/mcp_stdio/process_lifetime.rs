//! The lifetime of a server process: how it ends, and that nothing is left of it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{Client, MessageContext, ServerChange, SubscriptionFilter, Transport};
use serde_json::json;
use tokio::task::yield_now;

use super::support::{call, client, exists, kill, pid, server, wait_until_gone};
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
            assert_snapshot!(failed, @r#"
            "[SERVER]" exited (signal: 9 (SIGKILL)) before a response arrived; the outcome is unknown
            -> Interrupted
            "#);
        }
        assert_ne!(pid(&client).await, process, "it is started again");
        assert!(!exists(process));
    }
}

#[tokio::test]
async fn last_lines_of_stderr_are_part_of_the_error() {
    let client = client(&["new"]);
    let failed = describe_result(call(&client, "die", json!({})).await);
    assert_snapshot!(failed.replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]"), @r#"
    "[SERVER]" exited (exit status: 9) before a response arrived; the outcome is unknown; last lines of stderr:
      out of cheese
    -> Interrupted
    "#);
}

#[tokio::test]
async fn close_ends_the_whole_process_group() {
    // STDIO-07, N-STDIO-04: a server that ends with its input, one that has to be signalled, and a
    // grandchild that ignores signals
    for behaviors in [&["new"][..], &["new", "stays"]] {
        let client = client(behaviors);
        let process = pid(&client).await;
        let grandchild = call(&client, "grandchild", json!({})).await.unwrap().parse().unwrap();
        assert!(exists(process) && exists(grandchild));
        with_timeout(client.close()).await.unwrap();
        assert!(!exists(process), "closed means ended, and buried");
        wait_until_gone(&[grandchild]).await;
        assert_ne!(pid(&client).await, process, "a later call starts another");
    }
}

#[tokio::test]
async fn concurrent_close_waits_for_the_process_to_end() {
    // STDIO-07
    let transport = server(&["new", "stays"]).build();
    let process = pid(&Client::new(transport.clone())).await;
    let closing = transport.clone();
    let first = tokio::spawn(async move { closing.close(MessageContext::default()).await });
    let closing_now = async {
        while transport.listen(MessageContext::default()).await.is_ok() {
            yield_now().await;
        }
    };
    with_timeout(closing_now).await;
    assert!(exists(process));
    with_timeout(transport.close(MessageContext::default())).await.unwrap();
    assert!(!exists(process), "closed means ended, and buried");
    with_timeout(first).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopped_process_is_killed_by_close() {
    let client = client(&["new", "stays"]);
    let process = pid(&client).await;
    let calling = client.clone();
    let stopped = tokio::spawn(async move { calling.call_tool("mute", ()).await });
    wait_until_stopped(&client, process).await;
    with_timeout(client.close()).await.unwrap();
    assert!(!exists(process));
    assert!(!with_timeout(stopped).await.unwrap().unwrap_err().did_not_run());
}

/// Waits until the process is stopped.
async fn wait_until_stopped(_: &Client, process: u32) {
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
    wait_until_gone(&[process, grandchild]).await;
}

#[tokio::test]
async fn exit_of_the_server_ends_its_child_processes() {
    let client = client(&["new"]);
    let grandchild = call(&client, "grandchild", json!({})).await.unwrap().parse().unwrap();
    // The grandchild holds the output open.
    let failed = call(&client, "die", json!({})).await.unwrap_err();
    assert!(failed.to_string().contains("out of cheese"), "{failed}");
    wait_until_gone(&[grandchild]).await;
}

#[tokio::test]
async fn idle_process_is_ended_and_started_again() {
    for era in ["old", "new"] {
        let transport = server(&[era]).idle_timeout(Duration::from_millis(100)).build();
        let client = Client::new(transport);
        let process = pid(&client).await;
        wait_until_gone(&[process]).await;
        assert_ne!(pid(&client).await, process);
    }
}

/// A client of a server with a short idle timeout.
fn client_with_short_idle_timeout(era: &str) -> Client {
    Client::new(server(&[era]).idle_timeout(Duration::from_millis(100)).build())
}

/// Waits until another server with this idle timeout has been ended.
async fn wait_for_idle_timeout() {
    let other = client_with_short_idle_timeout("new");
    wait_until_gone(&[pid(&other).await]).await;
}

#[tokio::test]
async fn process_with_a_pending_call_is_not_idle() {
    for era in ["old", "new"] {
        let client = client_with_short_idle_timeout(era);
        let calling = client.clone();
        let held = tokio::spawn(async move { calling.call_tool("hold", ()).await });
        let process = pid(&client).await;
        wait_for_idle_timeout().await;
        assert_eq!(call(&client, "release", json!({})).await.unwrap(), "released");
        with_timeout(held).await.unwrap().unwrap();
        assert!(exists(process));
    }
}

#[tokio::test]
async fn process_with_a_subscription_is_not_idle() {
    // N-STDIO-05: notifications would be lost while the process is not running
    let client = client_with_short_idle_timeout("old");
    let mut changes =
        with_timeout(client.subscribe(SubscriptionFilter::new().tools())).await.unwrap();
    let process = pid(&client).await;
    wait_for_idle_timeout().await;
    assert_eq!(call(&client, "change", json!({})).await.unwrap(), "changed");
    assert_eq!(with_timeout(changes.next()).await.unwrap().unwrap(), ServerChange::Tools);
    assert_eq!(pid(&client).await, process);
    drop(changes);
    wait_until_gone(&[process]).await;
}

#[tokio::test]
async fn close_does_not_start_a_process() {
    let transport = server(&["new"]).build();
    with_timeout(transport.close(MessageContext::default())).await.unwrap();
    let client = Client::new(transport);
    with_timeout(client.close()).await.unwrap();
    assert!(format!("{client:?}").contains("Client"));
}

#[test]
fn no_process_survives_the_application() {
    // At the end of `main`, by a panic, by `exit`, by a signal, and after `close`
    for end in ["returns", "closes", "panics", "exits", "aborts", "is killed"] {
        let (mut application, mut printed) = Application::start(end);
        let pids = [printed.next().unwrap(), printed.next().unwrap()];
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
        runtime.block_on(wait_until_gone(&pids));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn orphans_of_a_server_are_killed_and_reaped() {
    // N-STDIO-05: orphans are inherited by the first process of a container, often the application
    let (application, mut printed) = Application::start("adopts");
    let [server, grandchild] = [printed.next().unwrap(), printed.next().unwrap()];
    let next = printed.next().unwrap();
    assert_ne!(next, server, "it is started again");
    for pid in [server, grandchild] {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        assert!(stat.is_err(), "{stat:?}");
    }
    drop(application);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(wait_until_gone(&[next]));
}

/// The application process. It is killed when this is dropped.
struct Application(Child);

impl Application {
    /// Starts an application that ends like this. Also returns the process ids that it prints.
    fn start(end: &str) -> (Self, impl Iterator<Item = u32> + use<>) {
        let mut application = Command::new(env!("CARGO_BIN_EXE_stdio-application"))
            .args([env!("CARGO_BIN_EXE_stdio-server"), end])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(application.stdout.take().expect("a pipe")).lines();
        (Self(application), lines.map(|line| line.expect("a text").parse().expect("a number")))
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // Fails if the process has already ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
