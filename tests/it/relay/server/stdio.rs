//! `relay` with servers on stdio.

use insta::assert_snapshot;
use relay::{Config, Relay, Server, StdioCommand};
use serde_json::json;

use crate::support::{ALICE, describe_result, with_timeout};

const SERVER: &str = env!("CARGO_BIN_EXE_stdio-server");

fn relay_of(habits: &[&str]) -> Relay {
    let command = [&[SERVER], habits].concat();
    Relay::builder()
        .server("files", Server::stdio(StdioCommand::new(command)))
        .build()
        .expect("it succeeds")
}

async fn pid(relay: &Relay) -> String {
    let tools = with_timeout(relay.tools("files")).await.expect("it succeeds");
    with_timeout(tools.call("relay__files__pid", json!({}))).await.expect("it succeeds").text()
}

#[tokio::test]
async fn tools_are_listed_and_called_on_one_process() {
    for era in ["old", "new"] {
        let relay = relay_of(&[era]);
        let tools = with_timeout(relay.tools("files")).await.unwrap();
        assert_eq!(
            tools.iter().map(|tool| tool.name().to_owned()).collect::<Vec<_>>(),
            ["relay__files__pid"]
        );
        let first = pid(&relay).await;
        assert_eq!(pid(&relay.clone()).await, first, "all who have no token share it");
        with_timeout(relay.close()).await.unwrap();
        assert!(!std::path::Path::new(&format!("/proc/{first}")).exists());
        assert_ne!(pid(&relay).await, first, "it is started again when it is needed");
    }
}

#[tokio::test]
async fn server_is_started_as_configured_in_a_file() {
    let text = format!(
        "[servers.files]\ncommand = {SERVER:?}\nargs = ['new', {{ a = [1, '${{KEY}}'] }}]\n\
         env = {{ TOKEN = 's3cret' }}\ninherit_env = ['CARGO_PKG_NAME']\ncwd = '/'",
    );
    let lookup = |name: &str| (name == "KEY").then(|| "s3cret-key".to_owned());
    let relay = Relay::new(Config::from_toml(&text, lookup).unwrap()).unwrap();
    let connection = relay.without_token().connection("files").unwrap();
    let call = async |tool: &str| {
        let result = with_timeout(connection.call_tool(tool, ())).await.unwrap();
        relay::ToolOutput::from(result).text()
    };
    assert_eq!(call("args").await, r#"["new","{\"a\":[1,\"s3cret-key\"]}"]"#);
    assert_eq!(call("folder").await, "/");
    let names = call("env").await;
    for name in ["TOKEN", "CARGO_PKG_NAME", "PATH"] {
        assert!(names.split(' ').any(|it| it == name), "{name}: {names}");
    }
    // The value of a substituted variable is a secret.
    let failed = with_timeout(connection.call_tool("confess", ())).await.unwrap_err().to_string();
    assert!(failed.contains(r#"{\"a\":[1,\"****\"]}"#), "{failed}");
}

#[tokio::test]
async fn errors_include_the_end_of_stderr() {
    let shown = |failed: String| failed.replace(SERVER, "[SERVER]");
    assert_snapshot!(shown(describe_result(with_timeout(relay_of(&["exits"]).tools("files")).await)), @r#"
    server "files": connection closed
      "[SERVER]" exited (exit status: 7) before a response arrived; the outcome is unknown; last lines of stderr:
      cannot find module 'left-pad'
      the key is
    -> Transport Closed, did not run, retryable
    "#);
    let relay = Relay::builder().server("files", Server::stdio(["no-such-program"]));
    assert_snapshot!(describe_result(relay.build().unwrap().tools("files").await), @r#"
    server "files": request not sent
      cannot start "no-such-program"
      No such file or directory (os error )
    -> Transport Blocked, did not run
    "#);
    let user = relay_of(&["new"]).with_token(ALICE);
    assert_snapshot!(describe_result(user.tools("files").await), @r#"
    server "files": a stdio server does not accept access tokens; pass credentials in "env"
    -> Configuration, did not run
    "#);
}

#[tokio::test]
async fn crash_invalidates_cached_lists() {
    let relay = relay_of(&["old"]);
    let first = pid(&relay).await;
    let connection = relay.without_token().connection("files").unwrap();
    let failed = with_timeout(connection.call_tool("die", ())).await.unwrap_err();
    assert!(!failed.did_not_run() && failed.to_string().contains("out of cheese"), "{failed}");
    assert_ne!(pid(&relay).await, first);
    assert_eq!(connection.lost_session_count(), 1);
}
