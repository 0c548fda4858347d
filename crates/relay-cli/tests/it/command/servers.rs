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
async fn an_invalid_server_is_an_error() {
    for (setting, reason) in [
        ("url = 'example.com/mcp'", "invalid server URL"),
        (
            "url = 'https://example.com/mcp'\nheaders = { Accept = '*/*' }",
            "cannot set header \"accept\"",
        ),
    ] {
        let program =
            |command| relay(command).file("relay.toml", &format!("[servers.a]\n{setting}"));
        let transcript = program("servers").run().await;
        assert!(transcript.starts_with("exit code: 2\n--- stdout\n--- stderr"), "{transcript}");
        assert!(transcript.to_lowercase().contains(&reason.to_lowercase()), "{transcript}");
        assert_eq!(program("tools").run().await, transcript);
    }
}
