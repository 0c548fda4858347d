//! Errors of the transport, with their exit codes and suggestions.

use insta::assert_snapshot;
use mcp_testkit::{Barrier, Fault, On, Reply};

use crate::support::{relay, weather_server};

#[tokio::test]
async fn an_unreachable_server_exits_with_5() {
    assert_snapshot!(relay("tools --url http://127.0.0.1:1/mcp").run().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    error: server "remote": cannot connect
      caused by: cannot connect to http://127.0.0.1:1/mcp
      caused by: client error (Connect)
      caused by: tcp connect error
      caused by: Connection refused (os error 111)
    hint: check the URL, and check that the server is running
    ---
    "#);
}

#[tokio::test]
async fn a_timeout_exits_with_5() {
    let server = weather_server::public().start().await.unwrap();
    server.script(On::any(), Fault::Hold(Barrier::new()));
    let program = relay("tools --timeout 0.2").url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    error: server "remote": timed out
      caused by: "tools/list": no response within 200ms
    hint: use --timeout SECONDS to wait longer
    ---
    "#);
}

#[tokio::test]
async fn an_http_404_suggests_to_check_the_url() {
    let server = weather_server::public().start().await.unwrap();
    let program = relay("tools --url").arg(&format!("{}s", server.url())).replace_port(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    error: server "remote": HTTP status 404
      caused by: not an MCP server: "server/discover" failed: http://127.0.0.1:PORT/mcps returned HTTP status 404 Not Found; the fallback transport failed: http://127.0.0.1:PORT/mcps returned HTTP status 404 Not Found; "initialize" failed
    hint: check that this is the URL of the MCP endpoint; many end with "/mcp"
    ---
    "#);
}

#[tokio::test]
async fn an_html_response_exits_with_1() {
    let server = weather_server::public().start().await.unwrap();
    server.script(On::any(), Reply::html_page());
    assert_snapshot!(relay("tools").url(&server).run().await, @r#"
    exit code: 1
    --- stdout
    --- stderr
    error: server "remote": protocol error
      caused by: expected JSON or an event stream from http://127.0.0.1:PORT/mcp, got text/html: <!doctype html><title>Sign in</title><p>Sign in to go on.</p>
    ---
    "#);
}

#[tokio::test]
async fn a_broken_connection_exits_with_5() {
    let server = weather_server::public().start().await.unwrap();
    server.script(On::method("tools/call"), Fault::Close);
    let transcript = relay("call forecast --arg city=Oslo").url(&server).run().await;
    assert!(transcript.starts_with("exit code: 5"), "{transcript}");
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn the_time_to_wait_is_shown() {
    let server = weather_server::public().start().await.unwrap();
    server.script(On::method("tools/list"), Reply::status(429).header("retry-after", "120"));
    assert_snapshot!(relay("tools").url(&server).run().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    error: server "remote": HTTP status 429
      caused by: http://127.0.0.1:PORT/mcp returned HTTP status 429 Too Many Requests
    hint: wait 120 seconds, as the server asks, and try again
    ---
    "#);
    assert_snapshot!(relay("tools --json").url(&server).run().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    {"error":{"kind":"transport","exitCode":5,"message":"server \"remote\": HTTP status 429","server":"remote","causes":["http://127.0.0.1:PORT/mcp returned HTTP status 429 Too Many Requests"],"hint":"wait 120 seconds, as the server asks, and try again","didNotRun":true,"retryable":true,"retryAfter":120}}
    ---
    "#);
}
