//! The texts below the options in `--help`.

/// The exit codes and an example of the configuration, for `relay --help`.
pub(crate) const TABLE: &str = "\
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
    url = \"https://example.com/mcp\"
    api_key = \"${WEATHER_KEY}\" # for calls without --token-env; may be left out

`relay demo` shows the use of tokens without a server of your own.";

/// Refers to the exit codes, for the `--help` of a command.
pub(crate) const SEE: &str = "`relay --help` explains the exit codes.";
