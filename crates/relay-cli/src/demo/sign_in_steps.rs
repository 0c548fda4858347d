//! The steps in which `mcp-oauth` signs a user in and looks after the tokens.

use std::error::Error as _;

use anyhow::{Context, Result, ensure};
use mcp_oauth::{OAuthClient, UserTokens};
use mcp_testkit::OAuthEndpoint;
use relay::{Reason, Tools, Unauthorized, User, mcp_http::Endpoint};
use serde_json::json;

use super::{
    expect::{expect_tools, refusal},
    steps::Scene,
};

/// Where Alice's browser would come back to.
const CALLBACK: &str = "http://127.0.0.1/callback";

/// An application that signs Alice in.
struct Application {
    client: OAuthClient,
    tokens: UserTokens,
    alice: User,
}

impl Scene<'_> {
    /// From the first refusal to the second sign-in.
    pub(super) async fn signed_in(&self) -> Result<()> {
        let client = OAuthClient::builder("relay demo", CALLBACK).build()?;
        let tokens = client.user("alice");
        let alice = self.relay.for_user("alice", tokens.clone());
        let application = Application { client, tokens, alice };
        let tools = self.first_sign_in(&application).await?;
        self.call_of_signed_in(&tools).await?;
        self.refresh(&tools).await?;
        let refused = self.revoked(&tools).await?;
        self.second_sign_in(&application, &refused, &tools).await
    }

    async fn first_sign_in(&self, application: &Application) -> Result<Tools> {
        self.story.step(
            "Nor has anyone signed in to `bank`. This time, the crate `mcp-oauth` does it.",
            "let alice = relay.for_user(\"alice\", oauth.user(\"alice\")); alice.tools(\"bank\").await",
        )?;
        let refused = refusal(application.alice.tools("bank").await, Reason::Missing)?;
        self.story.say("Error::Authorization. From what it says, the way to sign in is found:")?;
        let issuer = self.sign_in(application, &refused.unauthorized).await?;
        ensure!(issuer == self.servers.accounts.issuer(), "the issuer is {issuer}");
        self.story.rows(&[
            ("authorization server", issuer),
            ("application", "registered there by itself".to_owned()),
            ("Alice", "is sent there with a browser, approves, and comes back".to_owned()),
        ])?;
        let tools = application.alice.tools("bank").await?;
        expect_tools(&tools, &["balance"])?;
        self.story.say("Her tool is `relay__bank__balance`.")?;
        Ok(tools)
    }

    async fn call_of_signed_in(&self, tools: &Tools) -> Result<()> {
        self.story.step(
            "The model wants to know what she has.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.balance(tools).await?;
        self.ran(5)
    }

    async fn refresh(&self, tools: &Tools) -> Result<()> {
        self.servers.accounts.expire_access_tokens();
        self.story.step(
            "Her token expires in the middle of the session. The application does not notice.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.balance(tools).await?;
        let asked = self.servers.accounts.count(OAuthEndpoint::Token);
        ensure!(asked == 2, "tokens were asked for {asked} times, not twice");
        self.story
            .say("The call was refused, the token refreshed, and the call made once more.")?;
        self.ran(6)
    }

    async fn revoked(&self, tools: &Tools) -> Result<Unauthorized> {
        self.servers.accounts.revoke_refresh_tokens();
        self.servers.accounts.expire_access_tokens();
        self.story.step(
            "Alice takes the permission back, at the authorization server.",
            "tools.call(\"balance\", json!({})).await",
        )?;
        let called = tools.call("balance", json!({})).await;
        let refused = refusal(called, Reason::Rejected)?.unauthorized;
        let why = refused.source().context("it does not say why there is no new token")?;
        let why = why.downcast_ref().context("it is not of `mcp-oauth`")?;
        let mcp_oauth::Error::SignInRequired { reason, .. } = why else {
            return Err(anyhow::anyhow!("{why}"));
        };
        self.story.say("Error::Authorization, for now only she can go on:")?;
        self.story.rows(&[("reason", reason.to_string())])?;
        self.did_not_run(6)?;
        Ok(refused)
    }

    async fn second_sign_in(
        &self,
        application: &Application,
        refused: &Unauthorized,
        tools: &Tools,
    ) -> Result<()> {
        self.story.step(
            "She signs in again, and the same tools go on.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.sign_in(application, refused).await?;
        self.balance(tools).await?;
        self.ran(7)
    }

    /// Goes through a sign-in; returns the issuer.
    async fn sign_in(&self, application: &Application, refused: &Unauthorized) -> Result<String> {
        let endpoint = Endpoint::parse(self.servers.bank.url())?;
        let sign_in = application.tokens.begin(&endpoint, Some(refused)).await?;
        // In place of a browser.
        let callback = self.servers.accounts.visit(sign_in.authorization_url.as_str());
        let callback = callback.context("the authorization server sends nobody back")?;
        let credentials = application.client.finish(sign_in.pending, &callback).await?;
        ensure!(credentials.refresh_token.is_some(), "there is no refresh token");
        Ok(credentials.issuer)
    }

    async fn balance(&self, tools: &Tools) -> Result<()> {
        let output = tools.call("balance", json!({})).await?;
        ensure!(!output.is_error, "the tool failed: {}", output.text());
        self.story.rows(&[("text", output.text())])
    }
}
