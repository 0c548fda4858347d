//! An MCP server, its authorization server, and users who sign in.

use mcp_http::{Endpoint, TokenSource};
use mcp_oauth::{Credentials, Error, OAuthClient, OAuthClientBuilder, UserTokens};
use mcp_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, Bearer, CallResult, TestServer, TestTool,
};
use relay::{Relay, Server, ToolOutput, User};
use serde_json::json;

/// An MCP server, and the authorization server that issues its tokens.
pub(crate) struct OAuthFixture {
    pub(crate) authorization_server: AuthorizationServer,
    pub(crate) server: TestServer,
    relay: Relay,
}

impl OAuthFixture {
    /// Starts both servers. The MCP server has the tool `greet`.
    pub(crate) async fn start() -> Self {
        Self::with_authorization_server(AuthorizationServer::builder()).await
    }

    /// Like [`start`](Self::start), with this authorization server.
    pub(crate) async fn with_authorization_server(
        authorization_server: AuthorizationServerBuilder,
    ) -> Self {
        let authorization_server = authorization_server.start().await.unwrap();
        let greet =
            TestTool::new("greet", json!({ "type": "object" }), |_| CallResult::text("hello"));
        let bearer = Bearer::issued_by(&authorization_server).scope("greet");
        let server = TestServer::builder().bearer(bearer).tool(greet).start().await.unwrap();
        let relay = Relay::builder().server("s", Server::http(server.url())).build().unwrap();
        Self { authorization_server, server, relay }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::parse(self.server.url()).unwrap()
    }

    /// Calls the tool on behalf of a user.
    pub(crate) async fn call(&self, tokens: &UserTokens) -> Result<ToolOutput, relay::Error> {
        self.user(tokens).tools("s").await?.call("greet", ()).await
    }

    /// The user of these tokens.
    pub(crate) fn user(&self, tokens: &UserTokens) -> User {
        self.user_of(tokens.principal(), tokens.clone())
    }

    /// A user with any token source.
    pub(crate) fn user_of(&self, name: &str, tokens: impl TokenSource) -> User {
        self.relay.for_user(name, tokens)
    }

    /// Runs a sign-in, in place of a browser.
    pub(crate) async fn sign_in(
        &self,
        client: &OAuthClient,
        tokens: &UserTokens,
    ) -> Result<Credentials, Error> {
        self.sign_in_to(&self.endpoint(), client, tokens).await
    }

    /// Runs a sign-in to another MCP server with the same authorization server.
    pub(crate) async fn sign_in_to(
        &self,
        endpoint: &Endpoint,
        client: &OAuthClient,
        tokens: &UserTokens,
    ) -> Result<Credentials, Error> {
        let sign_in = tokens.begin_sign_in(endpoint, None).await?;
        let callback = self.authorization_server.visit(sign_in.authorization_url.as_str());
        client
            .complete_sign_in(sign_in.pending, &callback.expect("a redirect to the callback"))
            .await
    }

    /// Asserts that no request violated the specifications.
    pub(crate) fn assert_no_violations(&self) {
        assert_eq!(self.authorization_server.violations(), Vec::<String>::new());
        assert_eq!(self.server.violations(), Vec::<String>::new());
    }
}

/// The builder of an application's `OAuthClient`.
pub(crate) fn client_builder() -> OAuthClientBuilder {
    OAuthClient::builder("tests", "http://127.0.0.1:1/callback")
}
