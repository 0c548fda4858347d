//! Suggestions how to resolve an error.

use anyhow::Error;
use relay::{
    AuthorizationError, Error as RelayError, FailureKind, UnauthorizedReason, mcp_client, mcp_http,
};

use crate::input::{ConnectionArgs, UsageError};

/// The JSON-RPC error code for invalid parameters.
const INVALID_PARAMS: i64 = -32602;

const REGISTER_CLIENT: &str = "register a client with the redirect URI http://127.0.0.1/callback, \
                               and use --client-id ID; if the port must be fixed, register \
                               http://127.0.0.1:PORT/callback, and use --port PORT";

const USE_TOKEN: &str = "if the server takes an API key or another token, store it in an environment \
                         variable, and use --token-env NAME with the other commands";

const ASK_OPERATOR: &str = "the operator of that URL can correct this; \"relay login --help\" lists the \
                            options for servers that deviate from the specification";

const PASTE_URL: &str = "run \"relay login\" without --device; if the browser is on another machine, \
                         paste the URL that it is redirected to";

const SHOW_SCHEMAS: &str = "run \"relay tools --json\" to see the input schemas";

/// Returns a suggestion how to resolve the error, if there is one. `connection` contains options of
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
            Some(format!("run \"relay tools {server}\" to list its tools"))
        }
        Some(RelayError::Configuration { .. }) if connection?.url.is_some() => {
            Some("expected a URL such as https://example.com/mcp".to_owned())
        }
        Some(RelayError::Transport { kind: FailureKind::Blocked, source, .. }) => {
            for_unsent_request(source, connection?)
        }
        Some(RelayError::InvalidArguments { .. }) => Some(SHOW_SCHEMAS.to_owned()),
        Some(error) if error.retry_after().is_some_and(|wait| !wait.is_zero()) => {
            let wait = error.retry_after().unwrap_or_default();
            Some(format!("wait {} seconds, as the server asks, and try again", wait.as_secs()))
        }
        Some(RelayError::Transport { kind, .. } | RelayError::OutcomeUnknown { kind, .. }) => {
            let is_stdio = connection.is_some_and(|connection| connection.stdio);
            for_transport_failure(*kind, is_stdio).map(str::to_owned)
        }
        Some(_) => None,
        None => match error.downcast_ref() {
            Some(error) => for_sign_in(error).map(str::to_owned),
            None => error.downcast_ref().and_then(UsageError::suggestion),
        },
    }
}

/// Returns what to do about an error of a sign-in.
fn for_sign_in(error: &mcp_oauth::Error) -> Option<&'static str> {
    use mcp_oauth::Error;
    match error {
        Error::Configuration { .. } => Some(REGISTER_CLIENT),
        Error::SignInUnavailable { .. } => Some(USE_TOKEN),
        Error::DeviceSignInUnavailable { .. } => Some(PASTE_URL),
        Error::SignInExpired { .. } => Some("run \"relay login\" again, and sign in in time"),
        Error::Unreachable { .. } => Some("check the network, or try again later"),
        Error::InvalidCallback { .. } => Some(
            "run \"relay login\" again; if this happens again, the authorization server does not \
             follow its own metadata, or another program interferes with the sign-in",
        ),
        Error::ErrorResponse { error: code, .. } => match code.as_str() {
            "access_denied" => Some("run \"relay login\" again, and allow the access"),
            "invalid_scope" => Some("use --scope SCOPE to request other scopes"),
            "invalid_client" | "unauthorized_client" => Some(
                "check the client ID and the client secret, or run \"relay logout --forget-client\"",
            ),
            "invalid_grant" => Some("run \"relay login\" again"),
            _ if error.is_temporary() => Some("try again later"),
            _ => Some(ASK_OPERATOR),
        },
        Error::Untrusted { .. } | Error::UnexpectedStatus { .. } => Some(ASK_OPERATOR),
        _ => None,
    }
}

fn for_authorization(
    authorization: &AuthorizationError,
    connection: Option<&ConnectionArgs>,
) -> String {
    let cause = std::error::Error::source(&authorization.unauthorized);
    if let Some(mcp_oauth::Error::ScopeNotGranted { .. }) =
        cause.and_then(<dyn std::error::Error>::downcast_ref)
    {
        return "ask the owner of the server for these scopes; then sign in again".to_owned();
    }
    let token_env = connection.and_then(|connection| connection.token_env.as_deref());
    let challenge = authorization.challenge();
    let scope = match challenge.and_then(|challenge| challenge.scope()) {
        Some(scope) => format!(" with scope \"{scope}\""),
        None => String::new(),
    };
    let metadata_url = challenge.and_then(|challenge| challenge.resource_metadata());
    let source = metadata_url
        .map_or(String::new(), |url| format!(" from an authorization server listed at {url}"));
    let token = match authorization.unauthorized.reason {
        UnauthorizedReason::Missing => "an access token",
        _ => "a new access token",
    };
    let next_step = match (token_env, authorization.unauthorized.reason) {
        (Some(name), _) => format!("store it in the environment variable \"{name}\""),
        (None, UnauthorizedReason::Missing) => {
            "store it in an environment variable, and use --token-env NAME".to_owned()
        }
        (None, _) => {
            "set the server's \"api_key\" to it, or store it in an environment variable and use \
             --token-env NAME"
                .to_owned()
        }
    };
    let manual = format!("get {token}{scope}{source}; {next_step}");
    let server = match connection.is_some_and(|connection| connection.url.is_some()) {
        true => "--url URL",
        false => &authorization.server,
    };
    match token_env {
        Some(_) => manual,
        None => format!("run \"relay login {server}\" to sign in with a browser, or {manual}"),
    }
}

fn for_unsent_request(source: &mcp_client::Error, connection: &ConnectionArgs) -> Option<String> {
    let mcp_client::Error::Transport(error) = source else { return None };
    match error.get_ref().downcast_ref()? {
        mcp_http::Error::InsecureHttp { .. } if connection.url.is_some() => Some(
            "use --allow-insecure-http to allow it; anyone on the network path can read the token"
                .to_owned(),
        ),
        mcp_http::Error::InsecureHttp { .. } => Some(
            "set \"dangerously_allow_insecure_http\" to true in the configuration to allow it"
                .to_owned(),
        ),
        mcp_http::Error::InvalidToken { .. } => Some(match &connection.token_env {
            Some(name) => format!("environment variable \"{name}\" must contain only the token"),
            None => "the server's \"api_key\" must contain only the token".to_owned(),
        }),
        _ => None,
    }
}

fn for_transport_failure(kind: FailureKind, is_stdio: bool) -> Option<&'static str> {
    match kind {
        FailureKind::Closed | FailureKind::Unreachable if is_stdio => Some(
            "check that the program serves MCP on stdin and stdout; use --verbose to see its output",
        ),
        FailureKind::Unreachable => Some("check the URL, and check that the server is running"),
        FailureKind::Timeout => Some("use --timeout SECONDS to wait longer"),
        FailureKind::Status(404 | 405) => {
            Some("check that this is the URL of the MCP endpoint; many end with \"/mcp\"")
        }
        FailureKind::Rpc(INVALID_PARAMS) => Some(SHOW_SCHEMAS),
        _ => None,
    }
}
