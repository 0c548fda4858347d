//! Tokens and API keys from the environment and the configuration.

use insta::assert_snapshot;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn the_api_key_of_the_config_is_sent() {
    let server = weather_server::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = '${{KEY}}'", server.url());
    let program = relay("call a forecast --arg city=Oslo").file("relay.toml", &text);
    assert_eq!(program.env("KEY", TOKEN).stdout_text().await, "Oslo: sunny\n");
}

#[tokio::test]
async fn token_env_is_for_the_only_server_that_is_not_shared() {
    let server = weather_server::protected().await;
    let other = weather_server::public().start().await.unwrap();
    let text = format!(
        "[servers.a]\nurl = '{}'\n[servers.b]\nurl = '{}'\nshared = true",
        server.url(),
        other.url()
    );
    let program = relay("tools --token-env TOKEN").env("TOKEN", TOKEN).file("relay.toml", &text);
    let transcript = program.run().await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    assert!(transcript.contains("relay__a__forecast") && transcript.contains("relay__b__forecast"));
    assert!(server.requests().iter().all(|request| request.bearer_token() == Some(TOKEN)));
    assert!(other.requests().iter().all(|request| request.bearer_token().is_none()));
}

#[tokio::test]
async fn token_env_requires_a_variable_that_is_set() {
    let server = weather_server::protected().await;
    assert_snapshot!(relay("tools --token-env TOKEN").url(&server).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: environment variable "TOKEN" (--token-env) is not set
    hint: set it to the user's access token
    ---
    "#);
    let empty = relay("tools --token-env TOKEN").env("TOKEN", "").url(&server).run().await;
    assert!(
        empty.contains("error: environment variable \"TOKEN\" (--token-env) is not set"),
        "{empty}"
    );
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn token_env_rejects_a_token_with_spaces() {
    let server = weather_server::protected().await;
    let program = relay("tools --token-env TOKEN").env("TOKEN", "two words").url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: environment variable "TOKEN" (--token-env) contains a space, a line break or another character not allowed in a token
    ---
    "#);
}

#[tokio::test]
async fn a_token_on_the_command_line_is_rejected_and_not_printed() {
    let server = weather_server::protected().await;
    assert_snapshot!(relay("tools --token").arg(TOKEN).url(&server).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: unexpected argument '--token' found

      tip: a similar argument exists: '--token-env'
      tip: to pass '--token' as a value, use '-- --token'

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    For more information, try '--help'.
    ---
    ");
    for token in ["ghp_x0123456789abcdef", "eyJhbGciOiJIUzI1NiJ9.e30.x", "0123456789ABCDEF"] {
        for option in ["--token-env", "--token"] {
            let spaced = relay("tools").arg(option).arg(token).url(&server).run().await;
            let joined = relay("tools").arg(&format!("{option}={token}")).url(&server).run().await;
            for transcript in [spaced, joined] {
                assert!(transcript.starts_with("exit code: 2"), "{transcript}");
                assert!(!transcript.contains(token), "{transcript}");
            }
        }
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_token_is_not_sent_over_plain_http() {
    let program = relay("tools --url http://server.invalid/mcp --token-env TOKEN");
    assert_snapshot!(program.env("TOKEN", TOKEN).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "remote": request not sent
      caused by: credentials would be sent unencrypted to http://server.invalid/mcp; use https, or allow insecure HTTP for this server
    hint: use --allow-insecure-http to allow it; anyone on the network path can read the token
    ---
    "#);
}

#[tokio::test]
async fn an_api_key_with_spaces_is_not_sent() {
    let server = weather_server::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = 'two words'", server.url());
    let program = relay("tools a").file("relay.toml", &text).replace_port(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "a": request not sent
      caused by: the access token for http://127.0.0.1:PORT/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    hint: the server's "api_key" must contain only the token
    ---
    "#);
}

#[cfg(unix)]
#[tokio::test]
async fn a_variable_that_is_not_utf8_is_a_usage_error() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let value = OsStr::from_bytes(b"a-token\xff");
    let program = relay("tools --url http://127.0.0.1:1/mcp --token-env TOKEN");
    assert_snapshot!(program.env("TOKEN", value).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: environment variable "TOKEN" (--token-env) is not valid UTF-8
    ---
    "#);
    let text = "[servers.a]\nurl = 'http://127.0.0.1:1/mcp'\napi_key = '${KEY:-}'";
    let program = relay("tools").file("relay.toml", text).env("KEY", value);
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid configuration file "relay.toml"
      caused by: environment variable "KEY" is not valid UTF-8
    ---
    "#);
}
