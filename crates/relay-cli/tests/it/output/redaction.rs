//! Redaction: secrets are never printed.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use mcp_testkit::{Fault, On, RecordedRequest, Reply};
use serde_json::Value;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn redacts_tokens_in_server_responses() {
    let server = weather_server::protected().await;
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
async fn redacts_tokens_with_json_escapes() {
    const SECRET: &str = r#"the/token\of"alice"#;
    let spellings = [r#"the\/token\\of\"alice"#, r#"\u0074he/token\u005cof\u0022alice"#];
    for spelling in spellings {
        let server = weather_server::public().start().await.unwrap();
        let result = format!(r#"{{"content":[{{"type":"text","text":"{spelling}"}}]}}"#);
        let reply = move |request: &RecordedRequest| {
            let id = serde_json::to_string(&request.id()).expect("an id is JSON");
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

#[tokio::test]
async fn redacts_api_keys_of_the_configuration_in_results() {
    let server = weather_server::public().start().await.unwrap();
    let result = format!(r#"{{"content":[{{"type":"text","text":"the key is {TOKEN}"}}]}}"#);
    let reply = move |request: &RecordedRequest| {
        let id = serde_json::to_string(&request.id()).expect("an id is JSON");
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
        Reply::body("application/json", body)
    };
    server.script(On::method("tools/call"), Fault::reply_with(reply));
    let config = format!("[servers.a]\nurl = '{}'\napi_key = '{TOKEN}'", server.url());
    for options in ["", "--json"] {
        let program = relay(&format!("call a forecast --arg city=Oslo {options}"));
        let transcript = program.file("relay.toml", &config).run().await;
        assert!(transcript.contains("the key is ****"), "{transcript}");
        assert!(!transcript.contains(TOKEN), "{transcript}");
    }
}

const USER_TOKEN: &str = "u5er+/=Token41";
const HEADER: &str = "h3ader+/=Value52";
const QUERY: &str = "qu3ry+/=Value63";
const PASSWORD: &str = "pa55word+/=Value74";
const VARIABLE: &str = "v4riable+/=Value85";

/// Returns the spellings of a secret in a JSON string.
fn spellings(secret: &str) -> [String; 6] {
    let escaped = secret.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let percent = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let base64url = URL_SAFE_NO_PAD.encode(format!("~~{secret}"));
    [secret.to_owned(), escaped, percent, form, STANDARD.encode(secret), base64url]
}

/// Panics if the transcript contains a spelling of the secret. The first and the last two characters
/// of Base64 depend on what is before and after the secret.
#[track_caller]
fn assert_not_shown(transcript: &str, secret: &str, what: &str) {
    for spelling in spellings(secret) {
        let core = spelling.get(3..spelling.len() - 3).expect("it is ASCII");
        let shown = transcript.replace("\\\\", "\\").contains(core);
        assert!(!shown, "{what}: {spelling} is shown: {transcript}");
    }
}

/// Returns the responses with a text in every place, by the method that gets them.
fn responses(text: &str) -> Vec<(&'static str, Fault)> {
    let member = |members: String| {
        Fault::reply_with(move |request: &RecordedRequest| {
            let id = serde_json::to_string(&request.id()).expect("an id is JSON");
            Reply::body("application/json", format!(r#"{{"jsonrpc":"2.0","id":{id},{members}}}"#))
        })
    };
    let result = |result: String| member(format!(r#""result":{result}"#));
    vec![
        ("tools/list", Reply::status(500).chunk(text.to_owned()).into()),
        ("tools/list", Reply::body("text/html", text.to_owned()).into()),
        ("tools/list", Reply::unauthorized(&format!("Bearer realm=\"{text}\"")).into()),
        (
            "tools/list",
            member(format!(r#""error":{{"code":1,"message":"{text}","data":["{text}"]}}"#)),
        ),
        ("tools/list", result(format!(r#"{{"tools":[{{"name":"{text}"}}]}}"#))),
        (
            "tools/list",
            result(format!(
                r#"{{"tools":[{{"name":"forecast","title":"{text}","description":"{text}","inputSchema":{{"type":"object","title":"{text}"}},"_meta":{{"{text}":"{text}"}}}}]}}"#
            )),
        ),
        (
            "tools/call",
            result(format!(
                r#"{{"content":[{{"type":"text","text":"{text}"}}],"structuredContent":{{"{text}":"{text}"}}}}"#
            )),
        ),
        (
            "tools/call",
            result(format!(r#"{{"isError":true,"content":[{{"type":"text","text":"{text}"}}]}}"#)),
        ),
        ("tools/call", member(format!(r#""error":{{"code":-32602,"message":"{text}"}}"#))),
    ]
}

#[tokio::test]
async fn no_secret_of_a_configuration_is_printed() {
    let secrets = [USER_TOKEN, HEADER, QUERY, PASSWORD];
    let server = weather_server::public().start().await.unwrap();
    let query: String = url::form_urlencoded::byte_serialize(QUERY.as_bytes()).collect();
    let basic = STANDARD.encode(format!("ann:{PASSWORD}"));
    let text = format!(
        "[servers.a]\nurl = '{}?key={query}'\nheaders = {{ X-Key = '{HEADER}', Authorization = 'Basic {basic}' }}",
        server.url()
    );
    for index in 0..spellings("").len() {
        let echoed = secrets.map(|secret| spellings(secret)[index].clone()).join(" ");
        for (number, (method, response)) in responses(&echoed).into_iter().enumerate() {
            server.clear_script();
            server.script(On::method(method), response);
            let options = ["", " --json", " -v", " --json -v"][(index + number) % 4];
            let command = match method {
                "tools/list" => format!("tools a{options} --token-env TOKEN"),
                _ => format!("call a forecast --arg city=Oslo{options} --token-env TOKEN"),
            };
            let program = relay(&command).file("relay.toml", &text).env("TOKEN", USER_TOKEN);
            let transcript = program.run().await;
            for secret in secrets {
                assert_not_shown(&transcript, secret, &format!("{command}, {number}, {index}"));
            }
        }
    }
}

#[tokio::test]
async fn no_environment_variable_of_a_program_is_printed() {
    /// Responds to every request with the text that it is given, and writes it to stderr.
    const PROGRAM: &str = r#"printf '%s\n' "$1" >&2; while read -r request; do
        id=${request#*\"id\":}; id=${id%%,*}
        printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$2"; done"#;
    for (index, echoed) in spellings(VARIABLE).into_iter().enumerate() {
        for members in [
            format!(r#""error":{{"code":1,"message":"{echoed}","data":"{echoed}"}}"#),
            format!(r#""result":{{"tools":[{{"name":"{echoed}"}}]}}"#),
            format!(
                r#""result":{{"tools":[{{"name":"a","description":"{echoed}","inputSchema":{{"type":"object"}}}}]}}"#
            ),
        ] {
            let command = ["/bin/sh", "server.sh", &echoed, &members].map(str::to_owned);
            let config = serde_json::json!({ "mcpServers": { "local": {
                "command": command[0], "args": command[1..], "env": { "KEY": VARIABLE },
            } } });
            let options = ["", " --json", " -v", " --json -v"][index % 4];
            let program = relay(&format!("tools local{options} --protocol 2026-07-28"));
            let program = program.arg("--config").arg("mcp.json");
            let transcript = program
                .file("server.sh", PROGRAM)
                .file("mcp.json", &config.to_string())
                .run()
                .await;
            assert!(transcript.contains("****"), "{transcript}");
            assert_not_shown(&transcript, VARIABLE, &format!("{members}, {options}"));
        }
    }
}
