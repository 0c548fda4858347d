//! Suggestions how to resolve an error.

use anyhow::Error;
use relay::{
    AuthorizationError, Error as RelayError, FailureKind, UnauthorizedReason, mcp_client, mcp_http,
};

use crate::input::{ConnectionArgs, UsageError};

/// The error code of JSON-RPC for invalid parameters.
const INVALID_PARAMS: i64 = -32602;

const REGISTER_CLIENT: &str = "register it to come back to http://127.0.0.1/callback, on the port of --port if \
                          it has to be one, and give --client-id ID";

const SHOW_SCHEMAS: &str = "`relay tools --json` shows the schemas of the arguments";

/// Returns a suggestion how to resolve the error, if there is one. `connection` has the options of
/// the command line.
pub(crate) fn suggestion_for(error: &Error, connection: Option<&ConnectionArgs>) -> Option<String> {
    match error.downcast_ref::<RelayError>() {
        Some(RelayError::Authorization(authorization)) => {
            Some(for_authorization(authorization, connection))
        }
        Some(RelayError::UnknownTool { server: Some(server), .. }) => {
            let server = match connection {
                Some(connection) if connection.stdio => "--stdio -- PROGRAM…",
                Some(connection) if connection.url.is_some() => "--url URL",
                _ => server,
            };
            Some(format!("`relay tools {server}` lists the tools that there are"))
        }
        Some(RelayError::Configuration { .. }) if connection?.url.is_some() => {
            Some("a URL looks like this: https://example.com/mcp".to_owned())
        }
        Some(RelayError::Transport { kind: FailureKind::Blocked, source, .. }) => {
            for_unsent_request(source, connection?)
        }
        Some(RelayError::InvalidArguments { .. }) => Some(SHOW_SCHEMAS.to_owned()),
        Some(RelayError::Transport { kind, .. } | RelayError::OutcomeUnknown { kind, .. }) => {
            let is_stdio = connection.is_some_and(|connection| connection.stdio);
            for_transport_failure(*kind, is_stdio).map(str::to_owned)
        }
        Some(_) => None,
        None => match error.downcast_ref() {
            Some(mcp_oauth::Error::Configuration { .. }) => Some(REGISTER_CLIENT.to_owned()),
            _ => error.downcast_ref().and_then(UsageError::suggestion),
        },
    }
}

fn for_authorization(
    authorization: &AuthorizationError,
    connection: Option<&ConnectionArgs>,
) -> String {
    let token_env = connection.and_then(|connection| connection.token_env.as_deref());
    let challenge = authorization.challenge();
    let scope = match challenge.and_then(|challenge| challenge.scope()) {
        Some(scope) => format!(" for the scope `{scope}`"),
        None => String::new(),
    };
    let metadata_url = challenge.and_then(|challenge| challenge.resource_metadata());
    let metadata = metadata_url.map_or(String::new(), |url| format!(" where {url} says"));
    let token = match authorization.unauthorized.reason {
        UnauthorizedReason::Missing => "an access token",
        _ => "a new access token",
    };
    let next_step = match (token_env, authorization.unauthorized.reason) {
        (Some(name), _) => format!("put it into the variable `{name}`"),
        (None, UnauthorizedReason::Missing) => {
            "put it into a variable, and give the name of that with --token-env NAME".to_owned()
        }
        (None, _) => {
            "put it in place of the server's `api_key`, or into a variable for --token-env NAME"
                .to_owned()
        }
    };
    let manual = format!("get {token}{scope}{metadata}; {next_step}");
    let server = match connection.is_some_and(|connection| connection.url.is_some()) {
        true => "--url URL",
        false => &authorization.server,
    };
    match token_env {
        Some(_) => manual,
        None => format!("`relay login {server}` signs in with a browser; or {manual}"),
    }
}

fn for_unsent_request(source: &mcp_client::Error, connection: &ConnectionArgs) -> Option<String> {
    let mcp_client::Error::Transport(error) = source else { return None };
    match error.get_ref().downcast_ref()? {
        mcp_http::Error::InsecureHttp { .. } if connection.url.is_some() => Some(
            "--allow-insecure-http allows it, and lets anyone on the way read the token".to_owned(),
        ),
        mcp_http::Error::InsecureHttp { .. } => Some(
            "`dangerously_allow_insecure_http = true` allows it in the configuration".to_owned(),
        ),
        mcp_http::Error::InvalidToken { .. } => Some(match &connection.token_env {
            Some(name) => format!("put the token alone into the variable `{name}`"),
            None => "put the token alone into the server's `api_key`".to_owned(),
        }),
        _ => None,
    }
}

fn for_transport_failure(kind: FailureKind, is_stdio: bool) -> Option<&'static str> {
    match kind {
        FailureKind::Closed | FailureKind::Unreachable if is_stdio => {
            Some("does the program serve MCP on stdin and stdout? --verbose shows what it writes")
        }
        FailureKind::Unreachable => Some("is the URL right, and does the server run?"),
        FailureKind::Timeout => Some("--timeout SECONDS waits longer"),
        FailureKind::Status(404 | 405) => {
            Some("is it the URL of the MCP endpoint? Many end in /mcp")
        }
        FailureKind::Rpc(INVALID_PARAMS) => Some(SHOW_SCHEMAS),
        _ => None,
    }
}
