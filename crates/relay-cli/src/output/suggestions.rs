//! What to do about an error.

use anyhow::Error;
use relay::{Authorization, Error as RelayError, Reason, TransportKind, mcp_client, mcp_http};

use crate::input::{Usage, args::Access};

/// `INVALID_PARAMS` of JSON-RPC.
const INVALID_PARAMS: i64 = -32602;

const REGISTERED: &str = "register it to come back to http://127.0.0.1/callback, on the port of --port if \
                          it has to be one, and give --client-id ID";

const SCHEMAS: &str = "`relay tools --json` shows the schemas of the arguments";

/// What to do about an error, if that can be said; `access` is how the server was to be spoken to.
pub(crate) fn of(error: &Error, access: Option<&Access>) -> Option<String> {
    match error.downcast_ref::<RelayError>() {
        Some(RelayError::Authorization(authorization)) => Some(sign_in(authorization, access)),
        Some(RelayError::UnknownTool { server: Some(server), .. }) => {
            let server = match access {
                Some(access) if access.stdio => "--stdio -- PROGRAM…",
                Some(access) if access.url.is_some() => "--url URL",
                _ => server,
            };
            Some(format!("`relay tools {server}` lists the tools that there are"))
        }
        Some(RelayError::Configuration { .. }) if access?.url.is_some() => {
            Some("a URL looks like this: https://example.com/mcp".to_owned())
        }
        Some(RelayError::Transport { kind: TransportKind::Refused, source, .. }) => {
            refused(source, access?)
        }
        Some(RelayError::InvalidArguments { .. }) => Some(SCHEMAS.to_owned()),
        Some(RelayError::Transport { kind, .. } | RelayError::OutcomeUnknown { kind, .. }) => {
            let local = access.is_some_and(|access| access.stdio);
            transport(*kind, local).map(str::to_owned)
        }
        Some(_) => None,
        None => match error.downcast_ref() {
            Some(mcp_oauth::Error::Configuration { .. }) => Some(REGISTERED.to_owned()),
            _ => error.downcast_ref().and_then(Usage::to_hint),
        },
    }
}

fn sign_in(authorization: &Authorization, access: Option<&Access>) -> String {
    let token_env = access.and_then(|access| access.token_env.as_deref());
    let challenge = authorization.challenge();
    let scope = match challenge.and_then(|challenge| challenge.scope()) {
        Some(scope) => format!(" for the scope `{scope}`"),
        None => String::new(),
    };
    let metadata = challenge.and_then(|challenge| challenge.resource_metadata());
    let place = metadata.map_or(String::new(), |url| format!(" where {url} says"));
    let token = match authorization.unauthorized.reason {
        Reason::Missing => "an access token",
        _ => "a new access token",
    };
    let what_then = match (token_env, authorization.unauthorized.reason) {
        (Some(name), _) => format!("put it into the variable `{name}`"),
        (None, Reason::Missing) => {
            "put it into a variable, and give the name of that with --token-env NAME".to_owned()
        }
        (None, _) => {
            "put it in place of the server's `api_key`, or into a variable for --token-env NAME"
                .to_owned()
        }
    };
    let by_hand = format!("get {token}{scope}{place}; {what_then}");
    let server = match access.is_some_and(|access| access.url.is_some()) {
        true => "--url URL",
        false => &authorization.server,
    };
    match token_env {
        Some(_) => by_hand,
        None => format!("`relay login {server}` signs in with a browser; or {by_hand}"),
    }
}

fn refused(source: &mcp_client::Error, access: &Access) -> Option<String> {
    let mcp_client::Error::Transport(error) = source else { return None };
    match error.get_ref().downcast_ref()? {
        mcp_http::Error::Insecure { .. } if access.url.is_some() => Some(
            "--allow-insecure-http allows it, and lets anyone on the way read the token".to_owned(),
        ),
        mcp_http::Error::Insecure { .. } => Some(
            "`dangerously_allow_insecure_http = true` allows it in the configuration".to_owned(),
        ),
        mcp_http::Error::InvalidToken { .. } => Some(match &access.token_env {
            Some(name) => format!("put the token alone into the variable `{name}`"),
            None => "put the token alone into the server's `api_key`".to_owned(),
        }),
        _ => None,
    }
}

fn transport(kind: TransportKind, local: bool) -> Option<&'static str> {
    match kind {
        TransportKind::Closed | TransportKind::Unreachable if local => {
            Some("does the program serve MCP on stdin and stdout? --verbose shows what it writes")
        }
        TransportKind::Unreachable => Some("is the URL right, and does the server run?"),
        TransportKind::Timeout => Some("--timeout SECONDS waits longer"),
        TransportKind::Status(404 | 405) => {
            Some("is it the URL of the MCP endpoint? Many end in /mcp")
        }
        TransportKind::Rpc(INVALID_PARAMS) => Some(SCHEMAS),
        _ => None,
    }
}
