//! Servers that want a token, and tokens that are not shown.

use insta::assert_snapshot;
use mcp_testkit::{Fault, On, Recorded, Reply};
use serde_json::Value;

use crate::support::{
    relay_process::relay,
    weather_server::{self as weather, TOKEN},
};

#[tokio::test]
async fn no_token() {
    let server = weather::protected().await;
    assert_snapshot!(relay("tools").url(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server `remote` wants the user to sign in: http://127.0.0.1:PORT/mcp requires an access token, scope "weather:read"
    hint: `relay login --url URL` signs in with a browser; or get an access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it into a variable, and give the name of that with --token-env NAME
    ---
    "#);
}

#[tokio::test]
async fn no_token_as_json() {
    let server = weather::protected().await;
    assert_snapshot!(relay("call forecast --json").url(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    {"error":{"kind":"authorization","exitCode":3,"message":"server `remote` wants the user to sign in: http://127.0.0.1:PORT/mcp requires an access token, scope \"weather:read\"","server":"remote","hint":"`relay login --url URL` signs in with a browser; or get an access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it into a variable, and give the name of that with --token-env NAME","didNotRun":true,"retryable":false,"authorization":{"endpoint":"http://127.0.0.1:PORT/mcp","reason":"missing","scope":"weather:read","resourceMetadata":"http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp"}}}
    ---
    "#);
}

#[tokio::test]
async fn a_token_that_is_rejected() {
    let server = weather::protected().await;
    server.expire_token(TOKEN);
    let program = relay("call forecast --token-env TOKEN").env("TOKEN", TOKEN).url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server `remote` wants the user to sign in: http://127.0.0.1:PORT/mcp rejected the access token, scope "weather:read" (the access token expired)
    hint: get a new access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it into the variable `TOKEN`
    ---
    "#);
}

#[tokio::test]
async fn a_token_of_too_narrow_a_scope() {
    let server = weather::protected().await;
    let challenge = r#"Bearer error="insufficient_scope", scope="weather:write""#;
    let refusal = Reply::status(403).header("www-authenticate", challenge);
    server.script(On::method("tools/call"), refusal);
    let program =
        relay("call forecast --arg city=Oslo --token-env TOKEN").env("TOKEN", TOKEN).url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: calling `forecast`, server `remote` wants the user to sign in: http://127.0.0.1:PORT/mcp requires an access token of wider scope, scope "weather:write" (insufficient_scope)
    hint: get a new access token for the scope `weather:write`; put it into the variable `TOKEN`
    ---
    "#);
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn an_api_key_that_is_rejected() {
    let server = weather::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = '${{KEY}}'", server.url());
    let program = relay("tools a").file("relay.toml", &text).env("KEY", "another-key");
    assert_snapshot!(program.hiding_port(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server `a` wants the user to sign in: http://127.0.0.1:PORT/mcp rejected the access token, scope "weather:read" (the access token is unknown)
    hint: `relay login a` signs in with a browser; or get a new access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it in place of the server's `api_key`, or into a variable for --token-env NAME
    ---
    "#);
}

#[tokio::test]
async fn an_api_key_that_is_accepted() {
    let server = weather::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = '${{KEY}}'", server.url());
    let program = relay("call a forecast --arg city=Oslo").file("relay.toml", &text);
    assert_eq!(program.env("KEY", TOKEN).results().await, "Oslo: sunny\n");
}

#[tokio::test]
async fn the_variable_of_the_token_is_not_set() {
    let server = weather::protected().await;
    assert_snapshot!(relay("tools --token-env TOKEN").url(&server).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the variable `TOKEN` (--token-env) is not set
    hint: it has to hold the user's access token
    ---
    ");
    let empty = relay("tools --token-env TOKEN").env("TOKEN", "").url(&server).run().await;
    assert!(empty.contains("error: the variable `TOKEN` (--token-env) is not set"), "{empty}");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_token_that_no_header_carries() {
    let server = weather::protected().await;
    let program = relay("tools --token-env TOKEN").env("TOKEN", "two words").url(&server);
    assert_snapshot!(program.run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the variable `TOKEN` (--token-env) holds a space, a line break or another character that no token has
    ---
    ");
}

#[tokio::test]
async fn a_token_on_the_command_line_is_not_taken_and_not_shown() {
    let server = weather::protected().await;
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
async fn a_token_does_not_travel_unencrypted() {
    let program = relay("tools --url http://server.invalid/mcp --token-env TOKEN");
    assert_snapshot!(program.env("TOKEN", TOKEN).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: server `remote` failed: the request was not sent
      caused by: credentials would travel unencrypted to http://server.invalid/mcp: use https, or allow insecure HTTP for this server
    hint: --allow-insecure-http allows it, and lets anyone on the way read the token
    ---
    ");
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_get_it_shown() {
    let server = weather::protected().await;
    let page = format!("<p>no entry with {TOKEN}</p>");
    let program = || relay("tools --verbose --token-env TOKEN").env("TOKEN", TOKEN).url(&server);
    let text = format!("[servers.a]\nurl = '{}'\napi_key = '{TOKEN}'", server.url());
    let by_key = || relay("tools a -v").file("relay.toml", &text);
    for reply in [
        Reply::body("text/html", page.clone()),
        Reply::status(500).chunk(page.clone()),
        Reply::body("application/json", page),
        Reply::unauthorized(&format!("Bearer error=\"invalid_token\", realm=\"{TOKEN}\"")),
    ] {
        server.clear_script();
        server.script(On::any(), reply);
        for transcript in [program().run().await, by_key().run().await] {
            assert!(!transcript.contains(TOKEN), "{transcript}");
            assert!(!transcript.starts_with("exit code: 0"), "{transcript}");
        }
    }
    let json = program().arg("--json").run().await;
    let error = json.lines().find(|line| line.starts_with("{\"error\"")).unwrap();
    let error: Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["kind"], "authorization");
}

#[tokio::test]
async fn an_api_key_that_no_header_carries() {
    let server = weather::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = 'two words'", server.url());
    let program = relay("tools a").file("relay.toml", &text).hiding_port(&server);
    assert_snapshot!(program.run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: server `a` failed: the request was not sent
      caused by: the access token for http://127.0.0.1:PORT/mcp is empty or holds a space, a line break or another character that no header carries
    hint: put the token alone into the server's `api_key`
    ---
    ");
}

#[cfg(unix)]
#[tokio::test]
async fn a_variable_that_is_not_utf_8() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let value = OsStr::from_bytes(b"a-token\xff");
    let program = relay("tools --url http://127.0.0.1:1/mcp --token-env TOKEN");
    assert_snapshot!(program.env("TOKEN", value).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the variable `TOKEN` (--token-env) is not UTF-8
    ---
    ");
    let text = "[servers.a]\nurl = 'http://127.0.0.1:1/mcp'\napi_key = '${KEY:-}'";
    let program = relay("tools").file("relay.toml", text).env("KEY", value);
    assert_snapshot!(program.run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: relay.toml is not usable
      caused by: the variable `KEY` is not UTF-8
    ---
    ");
}

#[tokio::test]
async fn a_token_is_not_shown_in_another_spelling() {
    const SECRET: &str = r#"the/token\of"alice"#;
    let spellings = [r#"the\/token\\of\"alice"#, r#"\u0074he/token\u005cof\u0022alice"#];
    for spelling in spellings {
        let server = weather::open().start().await.unwrap();
        let result = format!(r#"{{"content":[{{"type":"text","text":"{spelling}"}}]}}"#);
        let reply = move |request: &Recorded| {
            let id = serde_json::to_string(&request.id()).unwrap();
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
            Reply::body("application/json", body)
        };
        server.script(On::method("tools/call"), Fault::reply_with(reply));
        let program =
            relay("call forecast -v --json --arg city=Oslo --token-env TOKEN").env("TOKEN", SECRET);
        let transcript = program.url(&server).run().await;
        assert!(transcript.contains(r#""text": "****""#), "{transcript}");
        assert!(transcript.contains(r#""text":"****""#), "{transcript}");
        assert!(!transcript.contains("alice"), "{transcript}");
    }
}
