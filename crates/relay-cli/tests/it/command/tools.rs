//! `relay tools`.

use insta::assert_snapshot;
use mcp_testkit::{CallResult, On, Reply, TestServer, TestTool};
use serde_json::json;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn lists_the_tools_of_one_server() {
    let server = weather_server::protected().await;
    let program = relay("tools weather --token-env TOKEN").env("TOKEN", TOKEN);
    assert_snapshot!(program.servers(&[("weather", &server)]).run().await, @"
    exit code: 0
    --- stdout
    relay__weather__forecast	forecast	The weather of the coming days
    relay__weather__history	history	The weather of a past year
    --- stderr
    ---
    ");
    assert_eq!(server.open_sessions(), 0);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn json_prints_the_tools_with_their_schemas() {
    let server = weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("tools --json").url(&server).run().await, @r#"
    exit code: 0
    --- stdout
    [
      {
        "server": "remote",
        "name": "relay__remote__forecast",
        "tool": "forecast",
        "title": "Forecast",
        "description": "The weather\n of the coming days",
        "inputSchema": {"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}
      },
      {
        "server": "remote",
        "name": "relay__remote__history",
        "tool": "history",
        "description": "The weather of a past year",
        "inputSchema": {"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}
      }
    ]
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn lists_the_tools_of_all_servers() {
    let (one, two) = (
        weather_server::public().start().await.unwrap(),
        weather_server::public().start().await.unwrap(),
    );
    let program = relay("tools").servers(&[("one", &one), ("two", &two)]);
    assert_snapshot!(program.run().await, @"
    exit code: 0
    --- stdout
    one	relay__one__forecast	forecast	The weather of the coming days
    one	relay__one__history	history	The weather of a past year
    two	relay__two__forecast	forecast	The weather of the coming days
    two	relay__two__history	history	The weather of a past year
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn token_env_requires_one_server() {
    let (one, two) = (weather_server::protected().await, weather_server::protected().await);
    let program = relay("tools --token-env TOKEN").env("TOKEN", TOKEN);
    let program = program.servers(&[("one", &one), ("two", &two)]);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: --token-env requires the name of one server
    hint: the servers are "one" and "two"
    ---
    "#);
    assert_eq!(one.requests().len() + two.requests().len(), 0);
}

#[tokio::test]
async fn a_failed_server_does_not_hide_the_others() {
    let (good, bad) =
        (weather_server::public().start().await.unwrap(), weather_server::protected().await);
    let program = relay("tools").servers(&[("a-bad", &bad), ("good", &good)]);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    good	relay__good__forecast	forecast	The weather of the coming days
    good	relay__good__history	history	The weather of a past year
    --- stderr
    error: server "a-bad": authorization required: http://127.0.0.1:PORT/mcp requires an access token; required scope "weather:read"
    hint: run "relay login a-bad" to sign in with a browser, or get an access token with scope "weather:read" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; store it in an environment variable, and use --token-env NAME
    ---
    "#);
}

#[tokio::test]
async fn an_invalid_tool_is_a_warning() {
    let broken = TestTool::new("broken", json!("no object"), |_| CallResult::text(""));
    let server = weather_server::public().tool(broken).start().await.unwrap();
    let transcript = relay("tools").url(&server).run().await;
    assert!(transcript.starts_with("exit code: 0"), "{transcript}");
    let warning = "warning: server \"remote\": tool \"broken\" skipped: ";
    assert!(transcript.contains(warning), "{transcript}");
}

#[tokio::test]
async fn a_server_without_tools_is_a_warning() {
    let server = TestServer::builder().start().await.unwrap();
    assert_snapshot!(relay("tools").url(&server).run().await, @r#"
    exit code: 0
    --- stdout
    --- stderr
    warning: server "remote" has no tools
    ---
    "#);
    assert_eq!(relay("tools --json").url(&server).stdout_text().await, "[]\n");
}

#[tokio::test]
async fn a_failed_session_end_is_a_warning() {
    let server = weather_server::public().start().await.unwrap();
    server.script(On::method("DELETE"), Reply::status(500));
    let transcript = relay("tools").url(&server).run().await;
    assert!(transcript.starts_with("exit code: 0"), "{transcript}");
    assert!(transcript.contains("warning: cannot end the session: "), "{transcript}");
}
