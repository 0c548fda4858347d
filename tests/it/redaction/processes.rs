//! A child process that echoes the secrets it was given, in every spelling.

use std::time::Duration;

use mcp_stdio::StdioTransport;

use super::{
    spelling::{assert_contains_none, spellings},
    support::{Output, line_collector},
};
use crate::support::{PROTOCOL_VERSIONS, client_with_version, with_timeout};

const VARIABLE: &str = "v4riable+/=~of";
const ARGUMENT: &str = "4rgument+/=~al";
const SECRETS: [&str; 2] = [VARIABLE, ARGUMENT];

/// Writes its arguments to stderr and to stdout after a request, and exits.
const PROGRAM: &str = "read request; printf '%s\\n' \"$1\" >&2; printf '%s\\n' \"$1\" \"$2\"";

#[tokio::test]
async fn no_secret_of_a_child_process_comes_out() {
    // AUTH-05
    for revision in PROTOCOL_VERSIONS {
        for (spelling, spell) in spellings() {
            let text = SECRETS.map(spell).join(" ");
            let message =
                format!(r#""error":{{"code":-32000,"message":"{text}","data":["{text}"]}}"#);
            for (place, response) in [
                ("an error", format!(r#"{{"jsonrpc":"2.0","id":1,{message}}}"#)),
                ("another error", format!(r#"{{"jsonrpc":"2.0","id":"{text}",{message}}}"#)),
                ("another result", format!(r#"{{"jsonrpc":"2.0","id":"{text}","result":{{}}}}"#)),
                ("a request", format!(r#"{{"jsonrpc":"2.0","id":"{text}","method":"{text}"}}"#)),
            ] {
                let (lines, on_stderr) = line_collector();
                let transport = StdioTransport::builder("/bin/sh")
                    .args(["-c", PROGRAM, "sh", &text, &response, "--api-key", ARGUMENT])
                    .env("KEY", VARIABLE)
                    .shutdown_timeout(Duration::from_millis(300))
                    .on_stderr(on_stderr)
                    .build();
                let client = client_with_version(transport, revision);
                let output = with_timeout(Output::of(client.list_tools())).await;
                let stderr = lines.lock().expect("no panic").clone();
                for (form, text) in output.texts().into_iter().chain([("stderr", &*stderr)]) {
                    let what = format!("{revision}, {spelling}, {place}, {form}");
                    assert_contains_none(text, &SECRETS, &what);
                }
            }
        }
    }
}
