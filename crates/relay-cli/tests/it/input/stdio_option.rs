//! `--stdio`: the command line has the program to start.

use insta::assert_snapshot;

use crate::support::{RelayProcess, relay};

/// Adds the stdio server of the demo to the end of the command line.
fn server(program: RelayProcess) -> RelayProcess {
    program.arg("--").arg(env!("CARGO_BIN_EXE_relay")).arg("demo-server")
}

#[tokio::test]
async fn lists_the_tools_of_a_stdio_server() {
    assert_snapshot!(server(relay("tools --stdio")).run().await, @"
    exit code: 0
    --- stdout
    relay__local__count	count	Counts the words of a text
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn calls_a_tool_of_a_stdio_server() {
    let program = relay("call --stdio count").arg(r#"{"text": "to be or not"}"#);
    assert_snapshot!(server(program).run().await, @"
    exit code: 0
    --- stdout
    4 words
    --- stderr
    ---
    ");
    assert_snapshot!(server(relay("call --stdio count --arg text=a --json")).run().await, @r#"
    exit code: 0
    --- stdout
    {
      "content": [
        {
          "type": "text",
          "text": "1 words"
        }
      ],
      "isError": false
    }
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn reports_invalid_programs_and_options() {
    let mut shown = String::new();
    for arguments in [
        "tools --stdio -- no-such-program",
        "tools --stdio -- sh -c false",
        "tools --stdio",
        "tools -- sh",
        "tools --stdio --token-env TOKEN -- sh",
        "call --stdio local count {} -- sh",
    ] {
        shown += &format!(
            "$ relay {arguments}\n{}\n",
            relay(arguments).env("PATH", "/usr/bin:/bin").run().await
        );
    }
    assert_snapshot!(shown, @r#"
    $ relay tools --stdio -- no-such-program
    exit code: 2
    --- stdout
    --- stderr
    error: server "local": request not sent
      caused by: cannot start "no-such-program"
      caused by: No such file or directory (os error 2)
    ---
    $ relay tools --stdio -- sh -c false
    exit code: 5
    --- stdout
    --- stderr
    error: server "local": connection closed
      caused by: "sh" exited (exit status: 1) before a response arrived; the outcome is unknown
    hint: check that the program serves MCP on stdin and stdout; use --verbose to see its output
    ---
    $ relay tools --stdio
    exit code: 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      <PROGRAM>...

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    For more information, try '--help'.
    ---
    $ relay tools -- sh
    exit code: 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      --stdio

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    For more information, try '--help'.
    ---
    $ relay tools --stdio --token-env TOKEN -- sh
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '--stdio' cannot be used with '--token-env <NAME>'

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    For more information, try '--help'.
    ---
    $ relay call --stdio local count {} -- sh
    exit code: 2
    --- stdout
    --- stderr
    error: too many arguments: with --stdio, leave out the server
    hint: run "relay call --stdio TOOL [ARGUMENTS] -- PROGRAM…"
    ---
    "#);
}

#[tokio::test]
async fn verbose_prints_the_messages_and_stderr() {
    let transcript = server(relay("tools --stdio --verbose")).run().await;
    assert!(transcript.contains("\n> {\"jsonrpc\":\"2.0\",\"id\":\"probe-1\""), "{transcript}");
    assert!(transcript.contains("\n< {"), "{transcript}");
    let program = relay("tools --stdio --verbose -- sh -c").arg("echo lost >&2; exit 3");
    let transcript = program.env("PATH", "/usr/bin:/bin").run().await;
    assert!(transcript.contains("\n! lost\n"), "{transcript}");
}
