//! The output stays short, whatever servers send.

use std::fmt::Write as _;

use mcp_testkit::{Fault, On, RecordedRequest, Reply, TestServer};

use crate::support::{relay, weather_server};

/// The maximum size of the output about one server, in bytes.
const MAX_LEN: usize = 10_000;

/// A reply with these members of a message.
fn message(members: String) -> Fault {
    Fault::reply_with(move |request: &RecordedRequest| {
        let id = serde_json::to_string(&request.id()).expect("an id is JSON");
        Reply::body("application/json", format!(r#"{{"jsonrpc":"2.0","id":{id},{members}}}"#))
    })
}

/// Hostile replies to a request for the tools.
fn replies(text: &str) -> Vec<Fault> {
    let many = |part: &str| part.repeat(30_000 / part.len());
    let names = (0..400).fold(String::new(), |mut names, number| {
        let comma = if number > 0 { "," } else { "" };
        write!(names, r#"{comma}{{"name":"{}{number}"}}"#, "x".repeat(500))
            .expect("a text takes every text");
        names
    });
    vec![
        Reply::status(500).chunk(text.to_owned()).into(),
        Reply::status(500).chunk(many("<p>\n")).into(),
        Reply::body("text/html", text.to_owned()).into(),
        Reply::unauthorized(&format!("Bearer error_description=\"{text}\", scope=\"{text}\""))
            .into(),
        Reply::unauthorized(&many("Bearer a=b, ")).into(),
        message(format!(r#""error":{{"code":1,"message":"{text}"}}"#)),
        message(format!(r#""error":{{"code":1,"message":"","data":"{text}"}}"#)),
        message(format!(r#""error":{{"code":1,"message":"","data":{{"{text}":["{text}"]}}}}"#)),
        message(format!(r#""result":{{"tools":"{text}"}}"#)),
        message(format!(r#""result":{{"tools":[{names}]}}"#)),
        message(format!(r#""result":{{"tools":[{{"name":"{text}"}}]}}"#)),
        message(format!(r#""result":{{"resultType":"{text}","tools":[]}}"#)),
        message(format!(r#""result":{{"tools":[],"nextCursor":"{text}"}}"#)),
    ]
}

#[tokio::test]
async fn output_about_hostile_servers_is_short() {
    for text in ["a".repeat(30_000), "\\u001b[2J\\u202e".repeat(2_000)] {
        let mut servers: Vec<TestServer> = Vec::new();
        for reply in replies(&text) {
            let server = weather_server::public().start().await.unwrap();
            server.script(On::method("tools/list"), reply);
            servers.push(server);
        }
        let names: Vec<_> = (0..servers.len()).map(|number| format!("server{number}")).collect();
        let configured: Vec<_> = names.iter().map(String::as_str).zip(&servers).collect();
        for options in ["", " --json"] {
            let program = relay(&format!("tools{options}")).servers(&configured);
            let transcript = program.run().await;
            assert!(!transcript.contains(['\u{1b}', '\u{202e}']), "{transcript}");
            for name in &names {
                // Each message names its server, and its further lines are indented.
                let mut is_own = false;
                let lines = transcript.lines().filter(|line| {
                    if !line.starts_with([' ', '\t']) && !line.starts_with("hint") {
                        is_own = line.contains(&format!("{name}\""))
                            || line.contains(&format!("{name} "));
                    }
                    is_own
                });
                let length: usize = lines.map(|line| line.len() + 1).sum();
                assert!(length < MAX_LEN, "{name}{options}: {length}");
            }
            assert!(transcript.len() < servers.len() * MAX_LEN, "{}", transcript.len());
        }
    }
}
