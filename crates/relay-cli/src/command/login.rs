//! `relay login`: a person signs in to a server with a browser.

use std::time::Duration;

use anyhow::{Context, Result};
use mcp_oauth::{Credentials, Error, OAuthClient, PendingSignIn, RegisteredClient};
use relay::{Unauthorized, mcp_http::Endpoint};
use serde_json::json;
use tokio::time;

use crate::{
    input::{args, secrets::secret},
    output::{Exit, Output},
    setup::Setup,
    sign_in::{Loopback, PRINCIPAL, Page, Visit, application, store},
};

/// How long a person may take.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// A server that somebody signs in to.
pub(crate) struct Login {
    setup: Setup,
    server: String,
    endpoint: Endpoint,
    no_browser: bool,
    registered: Option<RegisteredClient>,
    port: u16,
}

impl Login {
    pub(crate) fn new(args: &args::Login, output: &Output) -> Result<Self> {
        let setup = Setup::of_target(&args.target, output)?;
        let (server, endpoint) = setup.target(&args.target)?;
        let &args::Login { no_browser, port, .. } = args;
        Ok(Self { setup, server, endpoint, no_browser, registered: registered(args)?, port })
    }

    pub(crate) fn relay(&self) -> &relay::Relay {
        &self.setup.relay
    }

    /// Sends the person to the authorization server and waits until they are back.
    pub(crate) async fn run(&self, output: &Output) -> Result<Exit> {
        let mut loopback = Loopback::open(self.port).await?;
        let mut client = application(store()?, &loopback.url());
        if let Some(registered) = &self.registered {
            client = client.registered(self.endpoint.url().as_str(), registered.clone());
        }
        let client = client.build()?;
        let refused = self.refused().await?;
        let sign_in = client.user(PRINCIPAL).begin(&self.endpoint, refused.as_ref()).await?;
        self.send(sign_in.authorization_url.as_str(), output);
        let finished = finish(&client, &mut loopback, sign_in.pending);
        let credentials = time::timeout(LONGEST, finished).await;
        let late = "nobody has come back from the sign-in within ten minutes";
        self.done(&credentials.context(late)??, output)?;
        Ok(Exit::Done)
    }

    /// What the server says to somebody who has not signed in: which scopes it wants, and where its
    /// metadata is. One that says nothing may have metadata all the same.
    async fn refused(&self) -> Result<Option<Unauthorized>> {
        match self.setup.user_at(&self.server).tools(&self.server).await {
            Err(relay::Error::Authorization(refused)) => Ok(Some(refused.unauthorized)),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(None),
        }
    }

    fn send(&self, url: &str, output: &Output) {
        let opened = !self.no_browser && webbrowser::open(url).is_ok();
        let what = match opened {
            true => "A browser opens to sign you in. If it does not, open this URL in one:",
            false => "Open this URL in a browser on this machine, and sign in there:",
        };
        output.lines(&format!("{what}\n{url}"));
    }

    fn done(&self, credentials: &Credentials, output: &Output) -> Result<()> {
        let (server, issuer) = (&self.server, &credentials.issuer);
        if output.is_json() {
            return output.json_result(&json!({
                "server": server,
                "issuer": issuer,
                "expiresAt": credentials.expires_at,
                "canRefresh": credentials.refresh_token.is_some(),
            }));
        }
        output.result(&format!("signed in to `{server}` by {issuer}"))
    }
}

/// What the program is registered as by hand, if it is.
fn registered(args: &args::Login) -> Result<Option<RegisteredClient>> {
    let Some(id) = &args.client_id else { return Ok(None) };
    let client = RegisteredClient::new(id);
    let Some(name) = &args.client_secret_env else { return Ok(Some(client)) };
    let secret = secret("--client-secret-env", name, "secret", "the secret of the client")?;
    Ok(Some(client.with_secret(secret)))
}

/// Waits for the answer to this sign-in and no other, trades it, and tells the person.
async fn finish(
    client: &OAuthClient,
    loopback: &mut Loopback,
    pending: PendingSignIn,
) -> Result<Credentials> {
    let visit = loopback.visit(pending.state()).await?;
    let outcome = client.finish(pending, &visit.query).await;
    tell(loopback, visit, &outcome).await;
    Ok(outcome?)
}

async fn tell(loopback: &mut Loopback, visit: Visit, outcome: &Result<Credentials, Error>) {
    let failed;
    let page = match outcome {
        Ok(_) => Page {
            heading: "You are signed in",
            text: "You can close this page. Relay goes on in the terminal.",
        },
        Err(Error::Refused { error, .. }) if error == "access_denied" => Page {
            heading: "You said no",
            text: "Relay was not let in, and can do nothing on your behalf. Nothing was kept.",
        },
        Err(error) => {
            failed =
                format!("It did not work: {error}. To try again, run `relay login` once more.");
            Page { heading: "You are not signed in", text: &failed }
        }
    };
    loopback.show(visit, &page).await;
}
