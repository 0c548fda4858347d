//! `relay call`.

#[cfg(unix)]
use std::time::Duration;

use insta::assert_snapshot;
use mcp_testkit::{Barrier, CallResult, Fault, On, ResponseMode, TestTool};
use serde_json::json;
#[cfg(unix)]
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    time,
};

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn prints_the_text_of_the_tool() {
    let server = weather_server::protected().await;
    let program = relay("call weather forecast --token-env TOKEN").env("TOKEN", TOKEN);
    let program = program.arg(r#"{"city": "Oslo"}"#).servers(&[("weather", &server)]);
    assert_snapshot!(program.run().await, @"
    exit code: 0
    --- stdout
    Oslo: sunny
    --- stderr
    ---
    ");
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn accepts_the_tool_name_that_the_model_sees() {
    let server = weather_server::public().response_mode(ResponseMode::Sse).start().await.unwrap();
    let program = relay("call relay__remote__forecast --arg city=Rome").url(&server);
    assert_snapshot!(program.run().await, @"
    exit code: 0
    --- stdout
    Rome: sunny
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn json_prints_the_complete_tool_output() {
    let server = weather_server::public().start().await.unwrap();
    let program = relay("call forecast --json --arg city=Oslo").url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 0
    --- stdout
    {
      "content": [
        {
          "type": "text",
          "text": "Oslo: sunny"
        }
      ],
      "structuredContent": {
        "city": "Oslo",
        "sky": "sunny"
      },
      "isError": false,
      "_meta": {
        "source": "satellite"
      }
    }
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn a_tool_error_exits_with_4() {
    let server = weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("call history --arg city=Oslo").url(&server).run().await, @r#"
    exit code: 4
    --- stdout
    ERROR: there are no records
    --- stderr
    error: server "remote": tool "history" reported an error
    ---
    "#);
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn a_tool_error_is_reported_as_json() {
    let server = weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("call history --json --arg city=Oslo").url(&server).run().await, @r#"
    exit code: 4
    --- stdout
    {
      "content": [
        {
          "type": "text",
          "text": "there are no records"
        }
      ],
      "isError": true
    }
    --- stderr
    {"error":{"kind":"tool","exitCode":4,"message":"server \"remote\": tool \"history\" reported an error","server":"remote","tool":"history"}}
    ---
    "#);
}

#[tokio::test]
async fn sends_the_arguments_unchanged() {
    let schema = json!({ "type": "object" });
    let echo =
        TestTool::new("echo", schema, |arguments| CallResult::text(json!(arguments).to_string()));
    let server = weather_server::public().tool(echo).start().await.unwrap();
    let text = r#"{"b": [1.0, "x y"], "a": null}"#;
    let echoed = "{\"b\":[1.0,\"x y\"],\"a\":null}\n";
    let call = || relay("call echo").url(&server);
    assert_eq!(call().arg(text).stdout_text().await, echoed);
    assert_eq!(call().arg("-").stdin(text).stdout_text().await, echoed);
    assert_eq!(call().file("a.json", text).arg("@a.json").stdout_text().await, echoed);
    let pairs = call().arg("--arg").arg("b=[1.0, \"x y\"]").arg("--arg=a=null");
    let sorted = "{\"a\":null,\"b\":[1.0,\"x y\"]}\n";
    assert_eq!(pairs.stdout_text().await, sorted);
    let sent = server.requests();
    let call = sent.iter().find(|request| request.method() == "tools/call").unwrap();
    assert!(String::from_utf8_lossy(call.body()).contains(text));
}

#[tokio::test]
async fn invalid_json_arguments_are_a_usage_error() {
    let server = weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("call forecast {city:Oslo}").url(&server).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: the arguments are not valid JSON
      caused by: key must be a string at line 1 column 2
    hint: pass a JSON object such as '{"city": "Oslo"}', or use --arg city=Oslo
    ---
    "#);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn arguments_must_be_an_object() {
    let server = weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("call forecast [1]").url(&server).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: the arguments must be a JSON object
    hint: pass a JSON object such as '{"city": "Oslo"}', or use --arg city=Oslo
    ---
    "#);
}

#[tokio::test]
async fn an_unknown_tool_suggests_the_nearest_name() {
    let server = weather_server::public().start().await.unwrap();
    let program = relay("call weather forecats").servers(&[("weather", &server)]);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "weather": tool "forecats" not found; did you mean "forecast"?
    hint: run "relay tools weather" to list its tools
    ---
    "#);
    assert_eq!(server.count("tools/call"), 0);
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn a_missing_tool_name_is_a_usage_error() {
    let server = weather_server::public().start().await.unwrap();
    let program = relay("call weather").servers(&[("weather", &server)]);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "weather": missing tool name
    hint: run "relay call SERVER TOOL [ARGUMENTS]"
    ---
    "#);
}

#[tokio::test]
async fn a_json_rpc_error_exits_with_1() {
    let wrong = TestTool::new("wrong", json!({ "type": "object" }), |_| {
        CallResult::rpc_error(-32602, "city is missing")
    });
    let server = weather_server::public().tool(wrong).start().await.unwrap();
    assert_snapshot!(relay("call wrong").url(&server).run().await, @r#"
    exit code: 1
    --- stdout
    --- stderr
    error: server "remote": tool "wrong": JSON-RPC error -32602
      caused by: "tools/call" failed: city is missing (code -32602)
    hint: run "relay tools --json" to see the input schemas
    ---
    "#);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_cancels_the_call_and_ends_the_session() {
    let server = weather_server::public().start().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let mut program = relay("call forecast --arg city=Oslo").url(&server);
    let child = program.spawn().await;
    barrier.wait_for_arrivals(1).await;
    interrupt(&child).await;
    let output = child.wait_with_output().await.unwrap();
    assert_snapshot!(program.transcript(&output), @"
    exit code: 130
    --- stdout
    --- stderr
    ---
    ");
    assert_eq!(server.open_sessions(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_works_while_stdout_is_blocked() {
    let long = TestTool::new("long", json!({ "type": "object" }), |_| {
        CallResult::text("x".repeat(1_000_000))
    });
    let server = weather_server::public().tool(long).start().await.unwrap();
    let mut child = relay("call long").url(&server).spawn().await;
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).await.unwrap();
    interrupt(&child).await;
    let ended = time::timeout(Duration::from_secs(20), child.wait()).await;
    assert_eq!(ended.expect("the program ends").unwrap().code(), Some(130));
    assert_eq!(server.open_sessions(), 0);
}

#[cfg(unix)]
async fn interrupt(child: &Child) {
    let process = child.id().expect("the process runs").to_string();
    let kill = Command::new("kill").args(["-INT", &process]).status().await;
    assert!(kill.expect("kill is installed").success());
}
