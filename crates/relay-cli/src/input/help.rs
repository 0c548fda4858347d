//! The texts below the options in `--help`.

/// The exit codes and an example of the configuration, for `relay --help`.
pub(crate) const RELAY: &str = "\
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
    url = \"https://example.com/mcp\"
    api_key = \"${WEATHER_KEY}\" # optional; not sent with --token-env or after \"relay login\"

Run \"relay demo\" to see what Relay does without a server of your own.";

/// The examples of `relay tools --help`.
pub(crate) const TOOLS: &str = "\
Examples:
    relay tools
    relay tools weather --json
    relay tools --url https://example.com/mcp --token-env MY_TOKEN
    relay tools --stdio -- my-server

Run \"relay --help\" to see the exit codes.";

/// The examples of `relay call --help`.
pub(crate) const CALL: &str = "\
Examples:
    relay call weather forecast '{\"city\": \"Oslo\", \"days\": 3}'
    relay call weather forecast --arg city=Oslo --arg days=3
    relay call --url https://example.com/mcp --token-env MY_TOKEN forecast @arguments.json
    relay call --stdio count --arg text=\"to be or not\" -- my-server

Run \"relay --help\" to see the exit codes.";

/// The examples of `relay login --help`.
pub(crate) const LOGIN: &str = "\
Examples:
    relay login weather
    relay login --url https://example.com/mcp --no-browser

Run \"relay --help\" to see the exit codes.";

/// Refers to the exit codes, for the `--help` of a command without examples.
pub(crate) const EXIT_CODES: &str = "Run \"relay --help\" to see the exit codes.";
