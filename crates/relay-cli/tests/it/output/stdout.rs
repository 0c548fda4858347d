//! Results on stdout, and readers that close it.

#[cfg(target_os = "linux")]
use std::fs;
use std::io;

use insta::assert_snapshot;
use mcp_testkit::{CallResult, TestTool};
use serde_json::json;

use crate::support::{relay, weather_server};

#[tokio::test]
async fn a_closed_stdout_is_not_an_error() {
    let server = weather_server::public().start().await.unwrap();
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

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_failed_write_exits_with_1() {
    let server = weather_server::public().start().await.unwrap();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let transcript = relay("tools").url(&server).stdout(full()).run().await;
    assert_eq!(relay("--help").stdout(full()).run().await, transcript);
    assert_snapshot!(transcript, @"
    exit code: 1
    --- stdout
    --- stderr
    error: cannot write to stdout
      caused by: No space left on device (os error 28)
    ---
    ");
}

#[tokio::test]
async fn json_escapes_control_characters() {
    let hostile = TestTool::new("hostile", json!({ "type": "object" }), |_| {
        CallResult::text("a\u{9b}2J\u{7f}\u{202e}b\u{2066}")
    });
    let invalid =
        TestTool::new("a\u{9b}2J\u{7f}\u{202e}b\u{2066}", json!(0), |_| CallResult::text(""));
    let server = weather_server::public().tool(hostile).tool(invalid).start().await.unwrap();
    // A result is escaped. In a message, each such character of a server becomes a space.
    for (command, expected) in [
        ("call hostile --json", r"a\u009b2J\u007f\u202eb\u2066"),
        ("tools --json", r#"tool \"a 2J  b \" skipped"#),
    ] {
        let transcript = relay(command).url(&server).run().await;
        assert!(transcript.contains(expected), "{transcript}");
        let hostile = |c: char| "\u{9b}\u{7f}\u{202e}\u{2066}".contains(c);
        assert!(!transcript.contains(hostile), "{transcript}");
    }
}
