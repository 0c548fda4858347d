//! Redaction: tokens are never printed.

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

#[tokio::test]
async fn redacts_api_keys_of_the_configuration_in_results() {
    let server = weather_server::public().start().await.unwrap();
    let result = format!(r#"{{"content":[{{"type":"text","text":"the key is {TOKEN}"}}]}}"#);
    let reply = move |request: &RecordedRequest| {
        let id = serde_json::to_string(&request.id()).unwrap();
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
