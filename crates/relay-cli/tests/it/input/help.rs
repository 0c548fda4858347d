//! The complete text of `--help`.

use insta::assert_snapshot;

use crate::support::relay;

#[tokio::test]
async fn relay_prints_help() {
    assert_snapshot!(relay("--help").run().await, @r#"
    exit code: 0
    --- stdout
    List and call the tools of MCP servers

    Usage: relay [OPTIONS] <COMMAND>

    Commands:
      servers  List the configured servers
      tools    List the tools of one server or of all servers
      call     Call a tool
      schema   Print the JSON Schema of relay.toml, for editors
      login    Sign in to a server with a browser; later commands use the stored credentials
      logout   Sign out of a server: revoke its tokens and delete the stored credentials
      status   List the servers that you are signed in to
      demo     Show what Relay does, with test servers that run on this machine

    Options:
      -v, --verbose  Print the messages sent and received to stderr, with tokens redacted
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
        0  success
        1  other error: for example, the server returned an error or an invalid response
        2  usage or configuration error: an invalid argument, name, variable or relay.toml
        3  authorization required: the user must sign in; the tool did not run
        4  the tool ran and reported an error
        5  transport error: cannot connect, timed out, connection closed, or an HTTP error
      130  interrupted with Ctrl-C

    Example of a relay.toml, in which ${NAME} is replaced by the environment variable NAME:
        [servers.weather]
        url = "https://example.com/mcp"
        api_key = "${WEATHER_KEY}" # optional; not sent with --token-env or after "relay login"

    Run "relay demo" to see what Relay does without a server of your own.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn servers_prints_help() {
    assert_snapshot!(relay("servers --help").run().await, @r#"
    exit code: 0
    --- stdout
    List the configured servers

    Usage: relay servers [OPTIONS]

    Options:
          --config <FILE>  The configuration file [default: relay.toml]
          --json           Print results and errors as JSON
      -v, --verbose        Print the messages sent and received to stderr, with tokens redacted
      -h, --help           Print help

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn tools_prints_help() {
    assert_snapshot!(relay("tools --help").run().await, @r#"
    exit code: 0
    --- stdout
    List the tools of one server or of all servers

    Usage: relay tools [OPTIONS] [SERVER]
           relay tools [OPTIONS] --url URL
           relay tools [OPTIONS] --stdio -- PROGRAM…

    Arguments:
      [SERVER]      A configured server; required with --token-env if there are several [default: all]
      [PROGRAM]...  With --stdio, the program to start and its arguments; no shell interprets them

    Options:
          --url <URL>            The URL of the server; no configuration file is read
          --stdio                Start PROGRAM as the server, and connect to its stdin and stdout
          --inherit-env <NAME>   An environment variable to pass to PROGRAM. May be repeated
          --config <FILE>        The configuration file [default: relay.toml]
          --token-env <NAME>     The environment variable that contains the user's access token
          --timeout <SECONDS>    The longest time to wait for a response, in seconds [default: 30]
          --protocol <VERSION>   The protocol version of the server, such as 2025-11-25 [default:
                                 detected]
          --allow-insecure-http  Allow plain HTTP to another machine. Anyone on the network path can
                                 read the token
          --json                 Print results and errors as JSON
      -v, --verbose              Print the messages sent and received to stderr, with tokens redacted
      -h, --help                 Print help

    Examples:
        relay tools
        relay tools weather --json
        relay tools --url https://example.com/mcp --token-env MY_TOKEN
        relay tools --stdio -- my-server

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn call_prints_help() {
    assert_snapshot!(relay("call --help").run().await, @r#"
    exit code: 0
    --- stdout
    Call a tool

    Usage: relay call [OPTIONS] SERVER TOOL [ARGUMENTS]
           relay call [OPTIONS] --url URL TOOL [ARGUMENTS]
           relay call [OPTIONS] --stdio TOOL [ARGUMENTS] -- PROGRAM…

    Arguments:
      <SERVER>      A configured server; leave it out with --url and --stdio
      [TOOL]        The tool: its name on the server, or the name that the model sees
      [ARGUMENTS]   The arguments: a JSON object, "@FILE" for a file, or "-" for stdin [default: {}]
      [PROGRAM]...  With --stdio, the program to start and its arguments; no shell interprets them

    Options:
          --arg <KEY=VALUE>      One argument, instead of ARGUMENTS. A VALUE that is not JSON is sent as
                                 a string. May be repeated
          --url <URL>            The URL of the server; no configuration file is read
          --stdio                Start PROGRAM as the server, and connect to its stdin and stdout
          --inherit-env <NAME>   An environment variable to pass to PROGRAM. May be repeated
          --config <FILE>        The configuration file [default: relay.toml]
          --token-env <NAME>     The environment variable that contains the user's access token
          --timeout <SECONDS>    The longest time to wait for a response, in seconds [default: 30]
          --protocol <VERSION>   The protocol version of the server, such as 2025-11-25 [default:
                                 detected]
          --allow-insecure-http  Allow plain HTTP to another machine. Anyone on the network path can
                                 read the token
          --json                 Print the complete output and errors as JSON
      -v, --verbose              Print the messages sent and received to stderr, with tokens redacted
      -h, --help                 Print help

    Examples:
        relay call weather forecast '{"city": "Oslo", "days": 3}'
        relay call weather forecast --arg city=Oslo --arg days=3
        relay call --url https://example.com/mcp --token-env MY_TOKEN forecast @arguments.json
        relay call --stdio count --arg text="to be or not" -- my-server

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn demo_prints_help() {
    assert_snapshot!(relay("demo --help").run().await, @r#"
    exit code: 0
    --- stdout
    Show what Relay does, with test servers that run on this machine

    Usage: relay demo [OPTIONS]

    Options:
      -v, --verbose  Print the messages sent and received to stderr, with tokens redacted
      -h, --help     Print help

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
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
    assert!(relay("").run().await.starts_with("exit code: 2\n--- stdout\n--- stderr\nList and"));
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
    assert_snapshot!(relay("login --help").run().await, @r#"
    exit code: 0
    --- stdout
    Sign in to a server with a browser; later commands use the stored credentials

    Usage: relay login [OPTIONS] SERVER
           relay login [OPTIONS] --url URL

    Arguments:
      [SERVER]  A configured server

    Options:
          --url <URL>
              The URL of the server; no configuration file is read
          --config <FILE>
              The configuration file [default: relay.toml]
          --no-browser
              Print the authorization URL without opening a browser
          --device
              Sign in with a code in a browser on any device, such as a phone, if the authorization
              server offers it
          --paste
              Also read the URL that the browser was redirected to from stdin. It is read in any case if
              stdin is a terminal
          --client-id <ID>
              The client ID, if the authorization server does not register clients automatically
          --client-secret-env <NAME>
              The environment variable that contains the client secret, if the client has one
          --token-endpoint-auth-method <METHOD>
              The authentication method of the client: none, client_secret_basic or client_secret_post
          --scope <SCOPE>
              A scope to request, instead of those that the server names. May be repeated
          --param <NAME=VALUE>
              A further parameter of the authorization request, such as access_type=offline. May be
              repeated
          --prompt <PROMPT>
              The prompt to request, such as consent; "" requests none
          --resource <RESOURCE>
              The resource to request, instead of the one that the server names
          --dangerously-omit-resource
              Omit the resource parameter. The token may then be valid at other servers
          --dangerously-assume-pkce
              Assume PKCE with S256, although the metadata of the authorization server does not list it
          --dangerously-accept-issuer <ISSUER>
              Accept metadata of this issuer, although the server names another one. May be repeated
          --authorization-server <ISSUER>
              The issuer of the authorization server to use, if the server names several or none
          --metadata-url <URL>
              The URL of the metadata of the authorization server, if it is at no well-known place
          --authorization-endpoint <URL>
              The authorization endpoint of an authorization server without metadata
          --token-endpoint <URL>
              The token endpoint of an authorization server without metadata
          --allow-host <HOST>
              Allow a host on a private network that the server or its authorization server names. May
              be repeated
          --allow-insecure-http
              Allow plain HTTP to other machines; anyone on the network path can read the tokens
          --redirect-host <HOST>
              The host of the redirect URI, localhost or 127.0.0.1 [default: 127.0.0.1]
          --port <PORT>
              The port of the redirect URI, http://127.0.0.1:PORT/callback [default: any free port]
          --json
              Print results and errors as JSON
      -v, --verbose
              Print the messages sent and received to stderr, with tokens redacted
      -h, --help
              Print help

    Examples:
        relay login weather
        relay login --url https://example.com/mcp --no-browser

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn logout_prints_help() {
    assert_snapshot!(relay("logout --help").run().await, @r#"
    exit code: 0
    --- stdout
    Sign out of a server: revoke its tokens and delete the stored credentials

    Usage: relay logout [OPTIONS] SERVER
           relay logout [OPTIONS] --url URL

    Arguments:
      [SERVER]  A configured server

    Options:
          --url <URL>      The URL of the server; no configuration file is read
          --config <FILE>  The configuration file [default: relay.toml]
          --forget-client  Also forget the client that was registered for the server; the next login
                           registers again
          --json           Print errors as JSON
      -v, --verbose        Print the messages sent and received to stderr, with tokens redacted
      -h, --help           Print help

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn status_prints_help() {
    assert_snapshot!(relay("status --help").run().await, @r#"
    exit code: 0
    --- stdout
    List the servers that you are signed in to

    Usage: relay status [OPTIONS]

    Options:
          --json     Print results and errors as JSON
      -v, --verbose  Print the messages sent and received to stderr, with tokens redacted
      -h, --help     Print help

    Run "relay --help" to see the exit codes.
    --- stderr
    ---
    "#);
}
