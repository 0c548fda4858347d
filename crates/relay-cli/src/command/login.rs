//! `relay login`: signs the user in to a server with a browser.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use anyhow::{Context, Result};
use mcp_oauth::{Credentials, Error, OAuthClient, OAuthSettings, PendingSignIn};
use relay::{Unauthorized, mcp_client::Redactor, mcp_http::Endpoint};
use serde_json::json;
use tokio::{select, time};

use crate::{
    input::{LoginArgs, UsageError, login_settings},
    output::{Exit, Printer},
    setup::Setup,
    sign_in::{Callback, LoopbackServer, PRINCIPAL, Page, PastedLines, oauth_client, open_store},
};

/// The longest time to wait for the user to sign in.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A sign-in to one server.
pub(crate) struct Login {
    setup: Setup,
    server: String,
    pub(super) endpoint: Endpoint,
    no_browser: bool,
    device: bool,
    paste: bool,
    settings: OAuthSettings,
}

/// The outcome of a request without a token.
pub(super) enum Probe {
    /// The server requires a token. The challenge contains the required scopes and the URL of the
    /// protected resource metadata.
    Challenge(Box<Unauthorized>),
    /// The server requires no token. It may still have metadata.
    Public,
    /// The server responded with another error. It may still have metadata: some servers respond to
    /// a request without a token with 400, 403 or a JSON-RPC error.
    Failed(relay::Error),
}

impl Probe {
    /// Returns the challenge, if the server requires a token.
    pub(super) fn challenge(&self) -> Option<&Unauthorized> {
        match self {
            Self::Challenge(unauthorized) => Some(unauthorized),
            Self::Public | Self::Failed(_) => None,
        }
    }

    /// Prints the error of the server, which may explain why no sign-in is offered.
    pub(super) fn warn(&self, printer: &Printer) {
        if let Self::Failed(error) = self {
            printer.warn(error);
        }
    }
}

impl Login {
    /// Reads the command line and the configuration.
    pub(crate) fn new(args: &LoginArgs, printer: &Printer) -> Result<Self> {
        let setup = Setup::for_sign_in(&args.target, printer)?;
        let (server, endpoint) = setup.sign_in_target(&args.target)?;
        if setup.is_shared(&server) {
            let message = format!("server \"{server}\": cannot sign in to a shared server");
            let suggestion = "set its \"api_key\", or remove \"shared\" in the configuration";
            return Err(UsageError::new(message).with_suggestion(suggestion).into());
        }
        let settings = login_settings(setup.oauth_settings(&server), args)?;
        let secret = settings.client_secret.iter().map(mcp_oauth::Secret::expose);
        printer.add_secrets(&Redactor::new(secret));
        let &LoginArgs { no_browser, device, .. } = args;
        let paste = args.paste || io::stdin().is_terminal();
        Ok(Self { setup, server, endpoint, no_browser, device, paste, settings })
    }

    /// Returns the relay, which has the sessions to end.
    pub(crate) fn relay(&self) -> &relay::Relay {
        &self.setup.relay
    }

    /// Signs the user in.
    pub(crate) async fn run(&self, printer: &Printer) -> Result<Exit> {
        match self.device {
            true => self.run_on_device(printer).await,
            false => self.run_in_browser(printer).await,
        }
    }

    pub(super) fn client(&self, redirect_uri: &str) -> Result<OAuthClient> {
        let client = oauth_client(open_store()?, redirect_uri)
            .server_settings(self.endpoint.url().as_str(), self.settings.clone());
        Ok(client.build()?)
    }

    /// Opens the authorization URL in a browser, and waits for the callback.
    async fn run_in_browser(&self, printer: &Printer) -> Result<Exit> {
        let OAuthSettings { redirect_host, redirect_port, client_id, .. } = &self.settings;
        let host = redirect_host.as_deref().unwrap_or(LoopbackServer::DEFAULT_HOST);
        let mut loopback = LoopbackServer::open(host, redirect_port.unwrap_or_default()).await?;
        let client = self.client(&loopback.url())?;
        let probe = self.probe().await?;
        let mut pasted = PastedLines::start(self.paste);
        let mut may_register_again = client_id.is_none();
        loop {
            let sign_in =
                client.user(PRINCIPAL).begin_sign_in(&self.endpoint, probe.challenge()).await;
            if let Err(Error::SignInUnavailable { .. }) = &sign_in {
                probe.warn(printer);
            }
            let sign_in = sign_in?;
            self.open_browser(sign_in.authorization_url.as_str(), printer);
            let inputs = (&mut loopback, &mut pasted);
            let completed = complete_sign_in(&client, inputs, sign_in.pending, printer);
            let credentials = time::timeout(SIGN_IN_TIMEOUT, completed).await;
            let timed_out =
                || format!("server \"{}\": sign-in timed out after 10 minutes", self.server);
            match credentials.with_context(timed_out)?? {
                // The registration is forgotten, so the next attempt registers again.
                Err(error) if may_register_again && is_client_rejected(&error) => {
                    printer.warn(format_args!("{error}; registering again"));
                    may_register_again = false;
                }
                credentials => {
                    self.print_success(&credentials?, printer)?;
                    return Ok(Exit::Success);
                }
            }
        }
    }

    /// Sends a request without a token.
    pub(super) async fn probe(&self) -> Result<Probe> {
        match self.setup.user.tools(&self.server).await {
            Err(relay::Error::Authorization(error)) => {
                Ok(Probe::Challenge(Box::new(error.unauthorized)))
            }
            Err(error) if has_responded(&error) => Ok(Probe::Failed(error)),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Probe::Public),
        }
    }

    fn open_browser(&self, url: &str, printer: &Printer) {
        let opened = !self.no_browser && webbrowser::open(url).is_ok();
        let instruction = match (opened, self.paste) {
            (true, _) => "Opening a browser to sign in. If no browser opens, open this URL:",
            (false, false) => "To sign in, open this URL in a browser on this machine:",
            (false, true) => "To sign in, open this URL in a browser:",
        };
        printer.print_url(instruction, url);
        if self.paste {
            printer.print_lines(
                "If the browser is on another machine, its last page cannot be loaded. Then paste \
                 the URL of that page here:",
            );
        }
    }

    pub(super) fn print_success(&self, credentials: &Credentials, printer: &Printer) -> Result<()> {
        let (server, issuer) = (&self.server, &credentials.issuer);
        let missing = credentials.requested_scopes.difference(&credentials.granted_scopes);
        // This scope asks for a refresh token. Some servers issue one without granting the scope.
        let has_refresh_token = credentials.refresh_token.is_some();
        let is_missing = |scope: &&str| *scope != "offline_access" || !has_refresh_token;
        let missing: Vec<_> = missing.map(String::as_str).filter(is_missing).collect();
        if !missing.is_empty() {
            printer.warn(format_args!("not granted: scope \"{}\"", missing.join(" ")));
        }
        if printer.is_json() {
            return printer.print_json(&json!({
                "server": server,
                "issuer": issuer,
                "scopes": credentials.granted_scopes,
                "expiresAt": credentials.expires_at,
                "canRefresh": credentials.refresh_token.is_some(),
            }));
        }
        printer.print_result(&format!("signed in to server \"{server}\" through {issuer}"))
    }
}

/// Returns `true` if the server has responded, although with an error.
fn has_responded(error: &relay::Error) -> bool {
    use relay::{Error, FailureKind as Kind};
    match error {
        Error::Transport { kind, .. } => {
            matches!(kind, Kind::Status(_) | Kind::Rpc(_) | Kind::Unsupported | Kind::Protocol)
        }
        Error::ToolDefinition { .. } => true,
        _ => false,
    }
}

/// Returns `true` if the authorization server no longer knows the client.
fn is_client_rejected(error: &Error) -> bool {
    matches!(
        error,
        Error::ErrorResponse { error, .. } if error == "invalid_client" || error == "unauthorized_client"
    )
}

/// Waits for the callback of this sign-in, from the browser or pasted, and exchanges the code for
/// tokens. Shows the result in the browser.
async fn complete_sign_in(
    client: &OAuthClient,
    (loopback, pasted): (&mut LoopbackServer, &mut PastedLines),
    pending: PendingSignIn,
    printer: &Printer,
) -> Result<Result<Credentials, Error>> {
    loop {
        select! {
            callback = loopback.wait_for_callback(pending.state()) => {
                let callback = callback?;
                let outcome = client.complete_sign_in(pending, &callback.query).await;
                show_result(loopback, callback, &outcome).await;
                return Ok(outcome);
            }
            line = pasted.next() => match pending.check_callback(&line) {
                Ok(()) => return Ok(client.complete_sign_in(pending, &line).await),
                Err(error) => printer.warn(format_args!(
                    "{error}; paste the whole URL of the last page"
                )),
            },
        }
    }
}

async fn show_result(
    loopback: &mut LoopbackServer,
    callback: Callback,
    outcome: &Result<Credentials, Error>,
) {
    let message;
    let page = match outcome {
        Ok(_) => Page {
            heading: "You are signed in",
            text: "You can close this page and return to the terminal.",
        },
        Err(Error::ErrorResponse { error, .. }) if error == "access_denied" => Page {
            heading: "Access denied",
            text: "Relay was not granted access and stored no credentials. You can close this page.",
        },
        Err(error) => {
            message = format!("{error}. To try again, run \"relay login\".");
            Page { heading: "Sign-in failed", text: &message }
        }
    };
    loopback.show_page(callback, &page).await;
}
