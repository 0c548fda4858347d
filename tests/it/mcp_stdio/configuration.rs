//! Starting a server process: arguments, environment, failures.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use mcp_client::Client;
use mcp_stdio::StdioTransport;
use serde_json::json;

use super::support::{call, server};
use crate::support::describe_result;

#[tokio::test]
async fn arguments_and_working_directory_are_passed_unchanged() {
    // No shell is involved.
    let folder = env!("CARGO_TARGET_TMPDIR");
    let transport = server(&["new", "$HOME; `id`", "a 'b' \"c\""]).current_dir(folder).build();
    let client = Client::new(transport);
    let args = call(&client, "args", json!({})).await.unwrap();
    assert_eq!(args, r#"["new","$HOME; `id`","a 'b' \"c\""]"#);
    let at = call(&client, "folder", json!({})).await.unwrap();
    assert_eq!(std::fs::canonicalize(at).unwrap(), std::fs::canonicalize(folder).unwrap());
}

#[tokio::test]
async fn environment_contains_only_named_variables() {
    // STDIO-09: only the named variables are passed, for example credentials of the server
    let server = server(&["new"]).env("KEY", "s3cret").inherit_env("CARGO_PKG_NAME");
    let names = call(&Client::new(server.build()), "env", json!({})).await.unwrap();
    let names: Vec<_> = names.split(' ').collect();
    for name in ["KEY", "CARGO_PKG_NAME", "PATH"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.contains(&"CARGO_MANIFEST_DIR"), "{names:?}");
}

#[tokio::test]
async fn failure_to_start_is_reported() {
    let missing = Client::new(StdioTransport::builder("no-such-program").build());
    assert_snapshot!(describe_result(call(&missing, "a", json!({})).await), @r#"
    cannot start "no-such-program"
      No such file or directory (os error )
    -> Blocked, did not run
    "#);
    let folder = server(&["new"]).current_dir("/no/such/folder").build();
    assert!(call(&Client::new(folder), "a", json!({})).await.unwrap_err().did_not_run());
}

#[tokio::test]
async fn secrets_of_the_command_are_redacted() {
    let server_with_secrets =
        server(&["new", "--api-key", "s3cret-arg", "postgresql://me:s3cret-url@db/a"]);
    let server_with_secrets =
        server_with_secrets.arg("s3cret-own").redact("s3cret-own").env("PEM", "s3cret-1\ns3cret-2");
    // An inherited variable whose value is known to the test.
    let server_with_secrets = server_with_secrets.inherit_env("CARGO_PKG_DESCRIPTION");
    let inherited = std::env::var("CARGO_PKG_DESCRIPTION").unwrap();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&lines);
    let server_with_secrets =
        server_with_secrets.on_stderr(move |line| seen.lock().unwrap().push(line.to_owned()));
    let client = Client::new(server_with_secrets.build());
    let refused = call(&client, "refuse", json!({})).await.unwrap_err();
    assert_snapshot!(refused, @r#"
    "tools/call" failed: no use for ["new", "--api-key", "****", "postgresql://me:****@db/a", "****"]
      ****
      **** (code -32602)
    "#);
    let failed = call(&client, "confess", json!({})).await.unwrap_err();
    let lines = lines.lock().unwrap().clone();
    let shown = format!("{refused:?} {failed} {failed:?} {lines:?}");
    assert!(lines.len() > 3 && !shown.contains("s3cret") && !shown.contains(&inherited), "{shown}");
    // A result is delivered unchanged.
    let args = call(&client, "args", json!({})).await.unwrap();
    assert!(args.contains("s3cret-arg") && args.contains("s3cret-own"), "{args}");
}

#[tokio::test]
async fn stderr_is_delivered_and_redacted() {
    // STDIO-06
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&lines);
    let server = server(&["exits"]).env("KEY", "s3cret-key");
    let server = server.on_stderr(move |line| seen.lock().unwrap().push(line.to_owned())).build();
    let error = call(&Client::new(server), "a", json!({})).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    assert!(error.to_string().ends_with("the key is ****"), "{error}");
    let lines = lines.lock().unwrap();
    assert_eq!(lines[..2], ["cannot find module 'left-pad'", "the key is ****"]);
}
