//! The complete text of `--help`.

use insta::assert_snapshot;

use crate::support::relay;

#[tokio::test]
async fn relay_prints_help() {
    assert_snapshot!(relay("--help").run().await, @r#"
    exit code: 0
    --- stdout
    Lists and calls the tools of MCP servers, with a user's access token where they want one

    Usage: relay [OPTIONS] <COMMAND>

    Commands:
      servers  List the servers of the configuration
      tools    List the tools of a server, or of all
      call     Call a tool
      schema   Print the JSON Schema of relay.toml, for editors
      login    Sign in to a server with a browser, for all commands after it
      logout   Sign out of a server
      status   List the servers that somebody is signed in to
      demo     Show how tools behind a bearer token are used, with servers of its own

    Options:
      -v, --verbose  Print what goes over the wire to stderr, without the tokens
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
        0  done
        1  another failure: the server answers with an error, or with what is no answer
        2  usage or configuration: an argument, a name, a variable or relay.toml is wrong
        3  authorization: the server wants the user to sign in; nothing ran
        4  the tool ran, and says that it failed
        5  transport: the server cannot be reached, is too slow, breaks off or gives an HTTP error
      130  interrupted

    A relay.toml, where ${NAME} stands for a variable of the environment:
        [servers.weather]
        url = "https://example.com/mcp"
        api_key = "${WEATHER_KEY}" # for calls without --token-env; may be left out

    `relay demo` shows the use of tokens without a server of your own.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn servers_prints_help() {
    assert_snapshot!(relay("servers --help").run().await, @"
    exit code: 0
    --- stdout
    List the servers of the configuration

    Usage: relay servers [OPTIONS]

    Options:
          --config <FILE>  The configuration [default: relay.toml]
          --json           Print JSON, errors included
      -v, --verbose        Print what goes over the wire to stderr, without the tokens
      -h, --help           Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn tools_prints_help() {
    assert_snapshot!(relay("tools --help").run().await, @"
    exit code: 0
    --- stdout
    List the tools of a server, or of all

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    Arguments:
      [SERVER]      A server of the configuration, or else all; with --token-env it has to be one
      [PROGRAM]...  With --stdio, the program and its arguments; no shell reads them

    Options:
          --url <URL>            The server, without a configuration
          --stdio                Start the server: a program that follows at the end, with its arguments
          --inherit-env <NAME>   A variable of the environment that the program gets to see. May be
                                 repeated
          --config <FILE>        The configuration [default: relay.toml]
          --token-env <NAME>     The environment variable that holds the user's access token
          --timeout <SECONDS>    How long to wait for one answer of the server [default: 30]
          --allow-insecure-http  Send the token over plain HTTP to another machine, where anyone on the
                                 way can read it
          --json                 Print JSON, errors included
      -v, --verbose              Print what goes over the wire to stderr, without the tokens
      -h, --help                 Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn call_prints_help() {
    assert_snapshot!(relay("call --help").run().await, @"
    exit code: 0
    --- stdout
    Call a tool

    Usage: relay call [OPTIONS] SERVER TOOL [ARGUMENTS]
           relay call [OPTIONS] --url URL TOOL [ARGUMENTS]
           relay call [OPTIONS] --stdio TOOL [ARGUMENTS] -- PROGRAM…

    Arguments:
      <SERVER>      A server of the configuration; left out with --url and --stdio
      [TOOL]        The tool, by the name that the model sees or by the server's own
      [ARGUMENTS]   Its arguments: a JSON object, `@FILE`, or `-` for stdin
      [PROGRAM]...  With --stdio, the program and its arguments; no shell reads them

    Options:
          --arg <KEY=VALUE>      One argument; VALUE is JSON, or else a string. May be repeated
          --url <URL>            The server, without a configuration
          --stdio                Start the server: a program that follows at the end, with its arguments
          --inherit-env <NAME>   A variable of the environment that the program gets to see. May be
                                 repeated
          --config <FILE>        The configuration [default: relay.toml]
          --token-env <NAME>     The environment variable that holds the user's access token
          --timeout <SECONDS>    How long to wait for one answer of the server [default: 30]
          --allow-insecure-http  Send the token over plain HTTP to another machine, where anyone on the
                                 way can read it
          --json                 Print the whole output as JSON, errors included
      -v, --verbose              Print what goes over the wire to stderr, without the tokens
      -h, --help                 Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn demo_prints_help() {
    assert_snapshot!(relay("demo --help").run().await, @"
    exit code: 0
    --- stdout
    Show how tools behind a bearer token are used, with servers of its own

    Usage: relay demo [OPTIONS]

    Options:
      -v, --verbose  Print what goes over the wire to stderr, without the tokens
      -h, --help     Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn short_and_long_help_are_equal() {
    for command in ["", "servers", "tools", "call", "demo"] {
        let long = relay(command).arg("--help").run().await;
        assert_eq!(relay(command).arg("-h").run().await, long);
    }
}

#[tokio::test]
async fn no_command_prints_help_and_exits_with_2() {
    assert!(relay("").run().await.starts_with("exit code: 2\n--- stdout\n--- stderr\nLists and"));
}

#[tokio::test]
async fn prints_the_version() {
    assert_snapshot!(relay("--version").run().await, @"
    exit code: 0
    --- stdout
    relay 0.1.0
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn login_prints_help() {
    assert_snapshot!(relay("login --help").run().await, @"
    exit code: 0
    --- stdout
    Sign in to a server with a browser, for all commands after it

    Usage: relay login [OPTIONS] SERVER
           relay login [OPTIONS] --url URL

    Arguments:
      [SERVER]  A server of the configuration

    Options:
          --url <URL>                 The server, without a configuration
          --config <FILE>             The configuration [default: relay.toml]
          --no-browser                Print the URL to open, and open no browser
          --client-id <ID>            What Relay is registered as by hand, where it cannot register
                                      itself
          --client-secret-env <NAME>  The environment variable that holds the secret of that client, if
                                      it has one
          --port <PORT>               The port of http://127.0.0.1:PORT/callback, where the browser
                                      comes back to [default: any]
          --json                      Print JSON, errors included
      -v, --verbose                   Print what goes over the wire to stderr, without the tokens
      -h, --help                      Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn logout_prints_help() {
    assert_snapshot!(relay("logout --help").run().await, @"
    exit code: 0
    --- stdout
    Sign out of a server

    Usage: relay logout [OPTIONS] SERVER
           relay logout [OPTIONS] --url URL

    Arguments:
      [SERVER]  A server of the configuration

    Options:
          --url <URL>      The server, without a configuration
          --config <FILE>  The configuration [default: relay.toml]
          --json           Print errors as JSON
      -v, --verbose        Print what goes over the wire to stderr, without the tokens
      -h, --help           Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn status_prints_help() {
    assert_snapshot!(relay("status --help").run().await, @"
    exit code: 0
    --- stdout
    List the servers that somebody is signed in to

    Usage: relay status [OPTIONS]

    Options:
          --json     Print JSON, errors included
      -v, --verbose  Print what goes over the wire to stderr, without the tokens
      -h, --help     Print help

    `relay --help` explains the exit codes.
    --- stderr
    ---
    ");
}
