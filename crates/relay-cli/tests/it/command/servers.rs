//! `relay servers`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::relay;

#[tokio::test]
async fn lists_the_servers_without_their_secrets() {
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
    let json: Value = serde_json::from_str(&program().arg("--json").stdout_text().await).unwrap();
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
async fn an_unusable_server_is_shown_with_its_transport_and_reason() {
    let text = r#"{ "mcpServers": {
        "hub": { "type": "http", "url": "https://${NONE}/mcp" },
        "old": { "type": "sse", "url": "https://example.com/sse", "autoApprove": [] },
        "off": { "command": "off", "disabled": true } } }"#;
    let program = || relay("servers --config mcp.json").file("mcp.json", text);
    assert_snapshot!(program().run().await, @r#"
    exit code: 2
    --- stdout
    hub	http	unusable: line 2, column 41: variable "NONE" is not set and has no default	no
    old	sse	https://example.com/sse	no
    --- stderr
    warning: mcp.json: line 3, column 82: server "old": "autoApprove" is ignored: Relay does not ask for approval
    warning: mcp.json: line 4, column 16: server "off": disabled
    ---
    "#);
    assert_snapshot!(program().arg("--json").run().await, @r#"
    exit code: 2
    --- stdout
    [
      {
        "name": "hub",
        "transport": "http",
        "location": "(invalid URL)",
        "hasApiKey": false,
        "unusable": "line 2, column 41: variable \"NONE\" is not set and has no default"
      },
      {
        "name": "old",
        "transport": "sse",
        "location": "https://example.com/sse",
        "hasApiKey": false
      }
    ]
    --- stderr
    {"warning":{"message":"mcp.json: line 3, column 82: server \"old\": \"autoApprove\" is ignored: Relay does not ask for approval"}}
    {"warning":{"message":"mcp.json: line 4, column 16: server \"off\": disabled"}}
    ---
    "#);
    assert_snapshot!(relay("tools hub --config mcp.json").file("mcp.json", text).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: mcp.json: line 2, column 41: server "hub": variable "NONE" is not set and has no default
    ---
    "#);
}

#[tokio::test]
async fn an_unusable_server_has_the_same_reason_in_all_commands() {
    for (setting, reason) in [
        ("url = 'example.com/mcp'", "line 2, column 7: server \"a\": invalid server URL"),
        (
            "url = 'https://example.com/mcp'\nheaders = { Accept = '*/*' }",
            "line 3, column 22: server \"a\": cannot set header \"Accept\"",
        ),
    ] {
        let program =
            |command| relay(command).file("relay.toml", &format!("[servers.a]\n{setting}"));
        let listed = program("servers").run().await;
        let row = reason.replace("server \"a\": ", "");
        assert!(listed.starts_with("exit code: 2\n--- stdout\na\thttp\tunusable: "), "{listed}");
        assert!(listed.contains(&row), "{listed}");
        let tools = program("tools").run().await;
        assert!(tools.starts_with("exit code: 2\n--- stdout\n--- stderr"), "{tools}");
        assert!(tools.contains(&format!("error: relay.toml: {reason}")), "{tools}");
    }
}
