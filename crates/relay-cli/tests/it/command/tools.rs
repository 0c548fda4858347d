//! `relay tools` and `relay servers`.

use std::{fs, io};

use insta::assert_snapshot;
use mcp_testkit::{CallAnswer, On, Reply, Tool};
use serde_json::{Value, json};

use crate::support::{
    relay_process::relay,
    weather_server::{self as weather, TOKEN},
};

#[tokio::test]
async fn tools_of_one_server() {
    let server = weather::protected().await;
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
async fn tools_as_json() {
    let server = weather::open().start().await.unwrap();
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
        "inputSchema": {"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}
      },
      {
        "server": "remote",
        "name": "relay__remote__history",
        "tool": "history",
        "description": "The weather of a past year",
        "inputSchema": {"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}
      }
    ]
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn tools_of_all_servers() {
    let (one, two) =
        (weather::open().start().await.unwrap(), weather::open().start().await.unwrap());
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
async fn a_token_is_not_spread_over_all_servers() {
    let (one, two) = (weather::protected().await, weather::protected().await);
    let program = relay("tools --token-env TOKEN").env("TOKEN", TOKEN);
    let program = program.servers(&[("one", &one), ("two", &two)]);
    assert_snapshot!(program.run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the token would go to all servers: name the right one
    hint: the servers are `one` and `two`
    ---
    ");
    assert_eq!(one.requests().len() + two.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_fails_does_not_spoil_the_others() {
    let (good, bad) = (weather::open().start().await.unwrap(), weather::protected().await);
    let program = relay("tools").servers(&[("a-bad", &bad), ("good", &good)]);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    good	relay__good__forecast	forecast	The weather of the coming days
    good	relay__good__history	history	The weather of a past year
    --- stderr
    error: server `a-bad` wants the user to sign in: http://127.0.0.1:PORT/mcp requires an access token, scope "weather:read"
    hint: `relay login a-bad` signs in with a browser; or get an access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it into a variable, and give the name of that with --token-env NAME
    ---
    "#);
}

#[tokio::test]
async fn tools_that_cannot_be_offered_are_named() {
    let broken = Tool::new("broken", json!("no object"), |_| CallAnswer::text(""));
    let server = weather::open().tool(broken).start().await.unwrap();
    let transcript = relay("tools").url(&server).run().await;
    assert!(transcript.starts_with("exit code: 0"), "{transcript}");
    let warning = "warning: tool `broken` of server `remote` is left out: ";
    assert!(transcript.contains(warning), "{transcript}");
}

#[tokio::test]
async fn a_server_with_no_tools() {
    let server = mcp_testkit::TestServer::builder().start().await.unwrap();
    assert_snapshot!(relay("tools").url(&server).run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    warning: server `remote` has no tools
    ---
    ");
    assert_eq!(relay("tools --json").url(&server).results().await, "[]\n");
}

#[tokio::test]
async fn a_session_that_cannot_be_ended_is_a_warning() {
    let server = weather::open().start().await.unwrap();
    server.script(On::method("DELETE"), Reply::status(500));
    let transcript = relay("tools").url(&server).run().await;
    assert!(transcript.starts_with("exit code: 0"), "{transcript}");
    assert!(transcript.contains("warning: the session could not be ended: "), "{transcript}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let server = weather::open().start().await.unwrap();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let program = relay("tools --json").url(&server).stdout(writer);
    assert_snapshot!(program.run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn servers() {
    let text = r#"
        [servers.weather]
        url = "https://example.com/mcp?key=${KEY}"
        api_key = "${KEY}"
        [servers.files]
        command = ["file-server", "--key", "${KEY}"]
    "#;
    let program = || relay("servers").file("relay.toml", text).env("KEY", "s3cret-key");
    assert_snapshot!(program().run().await, @"
    exit code: 0
    --- stdout
    files	stdio	file-server	no
    weather	http	https://example.com/mcp?****	yes
    --- stderr
    ---
    ");
    let json: Value = serde_json::from_str(&program().arg("--json").results().await).unwrap();
    let expected = json!([
        { "name": "files", "transport": "stdio", "location": "file-server", "hasApiKey": false },
        {
            "name": "weather",
            "transport": "http",
            "location": "https://example.com/mcp?****",
            "hasApiKey": true,
        },
    ]);
    assert_eq!(json, expected);
}

#[tokio::test]
async fn servers_that_cannot_be_used_are_not_listed() {
    for (setting, reason) in [
        ("url = 'example.com/mcp'", "the server's URL is not usable"),
        ("url = 'https://example.com/mcp'\nheaders = { Accept = '*/*' }", "the header \"accept\""),
    ] {
        let program =
            |command| relay(command).file("relay.toml", &format!("[servers.a]\n{setting}"));
        let transcript = program("servers").run().await;
        assert!(transcript.starts_with("exit code: 2\n--- stdout\n--- stderr"), "{transcript}");
        assert!(transcript.to_lowercase().contains(&reason.to_lowercase()), "{transcript}");
        assert_eq!(program("tools").run().await, transcript);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn results_that_cannot_be_written() {
    let server = weather::open().start().await.unwrap();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let transcript = relay("tools").url(&server).stdout(full()).run().await;
    assert_eq!(relay("--help").stdout(full()).run().await, transcript);
    assert_snapshot!(transcript, @"
    exit code: 1
    --- stdout
    --- stderr
    error: the results cannot be written to stdout
      caused by: No space left on device (os error 28)
    ---
    ");
}
