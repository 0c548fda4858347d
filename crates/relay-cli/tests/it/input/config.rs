//! The configuration file: errors in it, and servers that it does not have.

use insta::assert_snapshot;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn a_missing_config_suggests_the_alternatives() {
    assert_snapshot!(relay("tools").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: "relay.toml" not found in the current folder
    hint: see "relay --help" for an example, or use --url URL or --stdio
    ---
    "#);
}

#[tokio::test]
async fn the_config_option_selects_the_file() {
    assert_snapshot!(relay("servers --config other.toml").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot read "other.toml"
      caused by: No such file or directory (os error 2)
    ---
    "#);
    let text = "[servers.a]\nurl = 'https://example.com/mcp'";
    let program = relay("servers --config other.toml").file("other.toml", text);
    assert_eq!(program.stdout_text().await, "a\thttp\thttps://example.com/mcp\tno\n");
}

#[tokio::test]
async fn an_invalid_config_names_the_line_and_the_field() {
    let text = "[servers.weather]\nurl = \"https://example.com/mcp\"\napi-key = 's3cret-key'\n";
    assert_snapshot!(relay("servers").file("relay.toml", text).run().await, @r#"
    exit code: 2
    --- stdout
    weather	http	unusable: line 3, column 1: unknown field "api-key", expected one of "transport", "url", "api_key", "headers", "timeout", "protocol", "dangerously_allow_insecure_http", "cookies", "oauth", "required", "shared", "allow_tools", "deny_tools", "command", "args", "env", "inherit_env", "cwd", "idle_timeout", "probe_timeout"; did you mean "api_key"?	no
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn an_invalid_config_is_reported_as_json() {
    let text = "[servers.weather]\nurl = \"https://example.com/mcp\ntimeout = 3";
    assert_snapshot!(relay("tools --json").file("relay.toml", text).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    {"error":{"kind":"usage","exitCode":2,"message":"invalid configuration file \"relay.toml\"","server":"weather","causes":["line 2, column 31: server \"weather\": invalid basic string, expected \"\"\""],"didNotRun":true,"retryable":false}}
    ---
    "#);
}

#[tokio::test]
async fn an_unset_variable_in_the_config_is_an_error() {
    let text = "[servers.weather]\nurl = \"https://example.com/mcp\"\napi_key = \"${KEY}\"\n";
    assert_snapshot!(relay("tools").file("relay.toml", text).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: relay.toml: line 3, column 11: server "weather": variable "KEY" is not set and has no default
    ---
    "#);
}

#[tokio::test]
async fn reads_the_mcp_json_of_an_editor() {
    let text = r#"{
        "inputs": [{ "id": "the-program", "type": "promptString" }],
        "servers": {
            "local": {
                "command": "${input:the-program}",
                "args": ["demo-server"],
                "cwd": "${workspaceFolder}",
                "envFile": "${workspaceFolder}/.env", // or in `env`
            },
            "other": { "command": "a", "envFile": "none" },
        },
    }"#;
    let program = |arguments| relay(arguments).file("mcp.json", text).file(".env", "A=1");
    let tools = program("tools local --config mcp.json");
    let tools = tools.env("INPUT_THE_PROGRAM", env!("CARGO_BIN_EXE_relay"));
    assert_eq!(
        tools.stdout_text().await,
        "relay__local__count\tcount\tCounts the words of a text\n"
    );
    assert_snapshot!(program("tools local --config mcp.json").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: mcp.json: line 5, column 28: server "local": needs a value for input "the-program", which has no default
    ---
    "#);
    assert_snapshot!(program("tools other --config mcp.json").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: mcp.json: line 10, column 51: server "other": cannot read the file of "envFile"
    ---
    "#);
}

#[tokio::test]
async fn a_config_without_servers_is_a_warning() {
    assert_snapshot!(relay("tools").file("relay.toml", "").run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    warning: the configuration has no servers
    ---
    ");
    assert_eq!(relay("servers --json").file("relay.toml", "").stdout_text().await, "[]\n");
}

#[tokio::test]
async fn an_unknown_server_suggests_the_known_ones() {
    let server = weather_server::public().start().await.unwrap();
    let servers = [("library", &server), ("weather", &server)];
    assert_snapshot!(relay("tools wether").servers(&servers).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: unknown server "wether"
    hint: the servers are "library" and "weather"
    ---
    "#);
}

#[tokio::test]
async fn an_invalid_url_is_a_usage_error() {
    assert_snapshot!(relay("tools --url example.com/mcp").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "remote": invalid server URL: relative URL without a base
    hint: expected a URL such as https://example.com/mcp
    ---
    "#);
}

#[tokio::test]
async fn token_env_is_rejected_for_a_stdio_server() {
    let text = "[servers.files]\ncommand = ['file-server']";
    let program = relay("tools files --token-env TOKEN").env("TOKEN", TOKEN);
    assert_snapshot!(program.file("relay.toml", text).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "files": a stdio server does not accept access tokens; pass credentials in "env"
    ---
    "#);
}

#[tokio::test]
async fn a_server_name_conflicts_with_url() {
    assert_snapshot!(relay("tools weather --url https://example.com/mcp").run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '[SERVER]' cannot be used with '--url <URL>'

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    For more information, try '--help'.
    ---
    ");
}

#[tokio::test]
async fn an_unknown_option_is_reported_as_json() {
    assert_snapshot!(relay("tools --json --colour").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    {"error":{"kind":"usage","exitCode":2,"message":"unexpected argument '--colour' found"}}
    ---
    "#);
}
