//! The steps in which `mcp-oauth` signs a user in and refreshes the token.

use std::error::Error as _;

use anyhow::{Context, Result, ensure};
use mcp_oauth::{OAuthClient, UserTokens};
use mcp_testkit::OAuthEndpoint;
use relay::{ServerTools, Unauthorized, UnauthorizedReason, User, mcp_http::Endpoint};
use serde_json::json;

use super::{
    expect::{expect_authorization_error, expect_tools},
    steps::Steps,
};

/// The redirect URI of the application.
const CALLBACK: &str = "http://127.0.0.1/callback";

/// The application of the demo, which signs Alice in.
struct Application {
    client: OAuthClient,
    tokens: UserTokens,
    alice: User,
}

impl Steps<'_> {
    /// Runs the steps from the first authorization error to the second sign-in.
    pub(super) async fn sign_in_steps(&self) -> Result<()> {
        let client = OAuthClient::builder("relay demo", CALLBACK).build()?;
        let tokens = client.user("alice");
        let alice = self.relay.for_user("alice", tokens.clone());
        let application = Application { client, tokens, alice };
        let tools = self.first_sign_in(&application).await?;
        self.call_after_sign_in(&tools).await?;
        self.refresh(&tools).await?;
        let unauthorized = self.revocation(&tools).await?;
        self.second_sign_in(&application, &unauthorized, &tools).await
    }

    async fn first_sign_in(&self, application: &Application) -> Result<ServerTools> {
        self.script.begin_step(
            "Alice has not signed in to \"bank\" yet. Here, the crate \"mcp-oauth\" manages the sign-in.",
            "let alice = relay.for_user(\"alice\", oauth.user(\"alice\")); alice.tools(\"bank\").await",
        )?;
        let error = expect_authorization_error(
            application.alice.tools("bank").await,
            UnauthorizedReason::Missing,
        )?;
        self.script.line(
            "Relay returns Error::Authorization. It leads to the authorization server of the bank:",
        )?;
        let issuer = self.sign_in(application, &error.unauthorized).await?;
        ensure!(
            issuer == self.servers.authorization_server.issuer(),
            "unexpected issuer: {issuer}"
        );
        self.script.rows(&[
            ("authorization server", issuer),
            ("application", "registers there automatically".to_owned()),
            (
                "Alice",
                "approves in a browser (simulated here) and returns to the application".to_owned(),
            ),
        ])?;
        let tools = application.alice.tools("bank").await?;
        expect_tools(&tools, &["balance"])?;
        self.script.line("Now Alice's tool is available: \"relay__bank__balance\".")?;
        Ok(tools)
    }

    async fn call_after_sign_in(&self, tools: &ServerTools) -> Result<()> {
        self.script.begin_step(
            "The model asks for Alice's balance.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.balance(tools).await?;
        self.expect_calls(5)
    }

    async fn refresh(&self, tools: &ServerTools) -> Result<()> {
        self.servers.authorization_server.expire_access_tokens();
        self.script.begin_step(
            "Alice's token expires during the session. The application does not notice.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.balance(tools).await?;
        let token_requests = self.servers.authorization_server.count(OAuthEndpoint::Token);
        ensure!(token_requests == 2, "expected 2 token requests, got {token_requests}");
        self.script.line(
            "The server rejected the call. Relay refreshed the token and repeated the call.",
        )?;
        self.expect_calls(6)
    }

    async fn revocation(&self, tools: &ServerTools) -> Result<Unauthorized> {
        self.servers.authorization_server.revoke_refresh_tokens();
        self.servers.authorization_server.expire_access_tokens();
        self.script.begin_step(
            "Alice revokes her permission at the authorization server.",
            "tools.call(\"balance\", json!({})).await",
        )?;
        let outcome = tools.call("balance", json!({})).await;
        let unauthorized =
            expect_authorization_error(outcome, UnauthorizedReason::Rejected)?.unauthorized;
        let source = unauthorized.source().context("the error has no source")?;
        let source = source.downcast_ref().context("the source is not an error of mcp-oauth")?;
        let mcp_oauth::Error::SignInRequired { reason, .. } = source else {
            return Err(anyhow::anyhow!("{source}"));
        };
        self.script
            .line("Relay returns Error::Authorization, because Alice must sign in again:")?;
        self.script.rows(&[("reason", reason.to_string())])?;
        self.expect_no_call(6)?;
        Ok(unauthorized)
    }

    async fn second_sign_in(
        &self,
        application: &Application,
        unauthorized: &Unauthorized,
        tools: &ServerTools,
    ) -> Result<()> {
        self.script.begin_step(
            "Alice signs in again, and the application continues to use the same tools.",
            "tools.call(\"balance\", json!({})).await?",
        )?;
        self.sign_in(application, unauthorized).await?;
        self.balance(tools).await?;
        self.expect_calls(7)
    }

    /// Signs Alice in and returns the issuer.
    async fn sign_in(
        &self,
        application: &Application,
        unauthorized: &Unauthorized,
    ) -> Result<String> {
        let endpoint = Endpoint::parse(self.servers.bank.url())?;
        let sign_in = application.tokens.begin_sign_in(&endpoint, Some(unauthorized)).await?;
        // The authorization server of the testkit needs no browser.
        let callback = self.servers.authorization_server.visit(sign_in.authorization_url.as_str());
        let callback = callback.context("the authorization server did not redirect")?;
        let credentials = application.client.complete_sign_in(sign_in.pending, &callback).await?;
        ensure!(credentials.refresh_token.is_some(), "the credentials have no refresh token");
        Ok(credentials.issuer)
    }

    async fn balance(&self, tools: &ServerTools) -> Result<()> {
        let output = tools.call("balance", json!({})).await?;
        ensure!(!output.is_error, "the tool reported an error: {}", output.text());
        self.script.rows(&[("text", output.text())])
    }
}
