//! The steps of the demo. Each step sends real requests, checks the outcome and prints it.

use anyhow::{Context, Result, anyhow, bail, ensure};
use mcp_testkit::TestServer;
use relay::{
    AccessToken, AuthorizationError, Error, Relay, Server, ServerTools, Tool, UnauthorizedReason,
    User,
};
use serde_json::json;

use super::{
    expect::{expect_authorization_error, expect_tools, tool_names},
    script::Script,
    servers::{ALICE, ALICE_AGAIN, ALICE_LIBRARY, BOB, Servers},
};
use crate::output::Printer;

pub(crate) struct Steps<'a> {
    pub(super) servers: Servers,
    pub(super) relay: Relay,
    pub(super) script: Script<'a>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(servers: Servers, printer: &'a Printer) -> Result<Self> {
        for token in [ALICE, ALICE_AGAIN, ALICE_LIBRARY, BOB] {
            printer.add_secret(&AccessToken::new(token));
        }
        let relay = Relay::builder()
            .server("weather", Server::http(servers.weather.url()))
            .server("library", Server::http(servers.library.url()))
            .server("bank", Server::http(servers.bank.url()))
            .server("notes", Server::stdio(this_program()?).shared())
            .build()?;
        Ok(Self { servers, relay, script: Script::new(printer) })
    }

    pub(super) async fn without_token(&self) -> Result<()> {
        self.script.begin_step(
            "The application lists tools for a user who has not signed in.",
            "relay.tools(\"weather\").await",
        )?;
        let error = expect_authorization_error(
            self.relay.tools("weather").await,
            UnauthorizedReason::Missing,
        )?;
        let challenge = error.challenge().context("the error has no challenge")?;
        ensure!(challenge.error().is_none(), "expected a challenge without an error code");
        self.script.line("Relay returns Error::Authorization, which tells the application how to sign the user in:")?;
        self.print_authorization(&error)?;
        self.expect_no_call(0)
    }

    pub(super) async fn with_token(&self, alice: &User) -> Result<ServerTools> {
        self.script.begin_step(
            "Alice has signed in, and the application passes her token to Relay.",
            "let tools = relay.with_token(token).tools(\"weather\").await?",
        )?;
        let tools = alice.tools("weather").await?;
        expect_tools(&tools, &["forecast", "history"])?;
        self.script.line("Alice's tools, with the names that a model sees:")?;
        let row = |tool: Tool| (tool.name().to_owned(), tool.description().to_owned());
        self.script.rows(&tools.iter().map(row).collect::<Vec<_>>())?;
        Ok(tools)
    }

    pub(super) async fn successful_call(&self, tools: &ServerTools) -> Result<()> {
        self.script.begin_step(
            "The model calls a tool with arguments.",
            "tools.call(\"relay__weather__forecast\", json!({ \"city\": \"Oslo\", \"days\": 3 })).await?",
        )?;
        let arguments = json!({ "city": "Oslo", "days": 3 });
        let output = tools.call("relay__weather__forecast", arguments).await?;
        ensure!(!output.is_error, "the tool reported an error: {}", output.text());
        let structured =
            output.structured_content.as_ref().context("the output has no structured content")?;
        let highs = structured["highs"].as_array().map(Vec::len);
        ensure!(
            structured["city"] == "Oslo" && highs == Some(3),
            "unexpected structured content: {structured}"
        );
        self.script.line("The output is text for the model, and JSON for the application:")?;
        self.script.rows(&[("text", output.text()), ("structured", structured.to_string())])?;
        self.expect_calls(1)
    }

    pub(super) async fn event_stream(&self, alice: &User) -> Result<()> {
        self.script.begin_step(
            "Another server responds with an event stream. It requires a token of its own.",
            "let alice = relay.with_tokens([(\"weather\", token), (\"library\", library_token)]);\n     \
             alice.tools(\"library\").await?.call(\"search\", json!({ \"title\": \"Sea\" })).await?",
        )?;
        let Err(error @ Error::Configuration { .. }) = alice.tools("library").await else {
            bail!("expected a configuration error, because a token is for one server");
        };
        ensure!(self.servers.library.requests().is_empty(), "the library received a request");
        let alice = self.relay.with_tokens([("weather", ALICE), ("library", ALICE_LIBRARY)]);
        let tools = alice.tools("library").await?;
        let output = tools.call("search", json!({ "title": "Sea" })).await?;
        let text = output.text();
        ensure!(!output.is_error && text.lines().count() == 2, "unexpected output: {text}");
        self.script
            .rows(&[("text", text.replace('\n', "; ")), ("with one token", error.to_string())])?;
        self.expect_calls(2)
    }

    pub(super) async fn tool_failure(&self, tools: &ServerTools) -> Result<()> {
        self.script.begin_step(
            "A tool reports an error. Relay returns it as output, for the model to read.",
            "tools.call(\"history\", json!({ \"city\": \"Oslo\", \"year\": 1750 })).await?",
        )?;
        let output = tools.call("history", json!({ "city": "Oslo", "year": 1750 })).await?;
        ensure!(output.is_error, "expected the tool to report an error, got: {}", output.text());
        let rows = [("is_error", output.is_error.to_string()), ("text", output.text())];
        self.script.rows(&rows)?;
        self.expect_calls(3)
    }

    pub(super) async fn expired_token(&self, tools: &ServerTools) -> Result<()> {
        self.servers.weather.renew_token(ALICE, ALICE_AGAIN);
        self.script.begin_step(
            "Alice's token expires, and the model calls a tool.",
            "tools.call(\"relay__weather__forecast\", json!({ \"city\": \"Rome\" })).await",
        )?;
        let outcome = tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await;
        let error = expect_authorization_error(outcome, UnauthorizedReason::Rejected)?;
        let code = error.challenge().and_then(|challenge| challenge.error());
        ensure!(code == Some("invalid_token"), "unexpected error code in the challenge: {code:?}");
        ensure!(
            error.tool.as_deref() == Some("forecast"),
            "the error names the tool {:?}",
            error.tool
        );
        self.script.line("Relay returns Error::Authorization again, with the reason:")?;
        self.print_authorization(&error)?;
        self.expect_no_call(3)
    }

    pub(super) async fn new_token(&self, alice: &User) -> Result<ServerTools> {
        self.script.begin_step(
            "Alice signs in again, and the application repeats the call with her new token.",
            "relay.with_token(new_token).tools(\"weather\").await?.call(…).await?",
        )?;
        let tools = alice.tools("weather").await?;
        let output = tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await?;
        ensure!(!output.is_error && output.text().starts_with("Rome"), "{}", output.text());
        self.script.rows(&[("text", output.text())])?;
        self.expect_calls(4)?;
        Ok(tools)
    }

    pub(super) async fn other_user(&self, alice_tools: &ServerTools) -> Result<()> {
        self.script.begin_step(
            "Bob signs in. As a meteorologist, he has one more tool, which Alice cannot use.",
            "relay.with_token(token_of_bob).tools(\"weather\").await?",
        )?;
        let list_requests = || self.servers.weather.count("tools/list");
        let before = list_requests();
        let bob_tools = self.relay.with_token(BOB).tools("weather").await?;
        ensure!(list_requests() == before + 1, "Bob's tool list was not fetched");
        expect_tools(&bob_tools, &["forecast", "history", "warn"])?;
        let alice_again = self.relay.with_token(ALICE_AGAIN).tools("weather").await?;
        ensure!(list_requests() == before + 1, "Alice's tool list was not cached");
        expect_tools(&alice_again, &["forecast", "history"])?;
        let outcome = alice_tools.call("warn", json!({ "text": "storm" })).await;
        let Err(error @ Error::UnknownTool { .. }) = outcome else {
            bail!("Alice can call a tool of Bob: {outcome:?}");
        };
        self.script.rows(&[
            ("Bob's tools", tool_names(&bob_tools).join(", ")),
            ("Alice's tools", tool_names(&alice_again).join(", ")),
            ("Alice calls \"warn\"", error.to_string()),
        ])?;
        self.expect_no_call(4)
    }

    pub(super) async fn stdio_server(&self) -> Result<()> {
        self.script.begin_step(
            "The stdio server is shared: all users use it, and it never receives a user's token.",
            "relay.with_token(token_of_bob).tools(\"notes\").await?.call(\"count\", …).await?",
        )?;
        let tools = self.relay.with_token(BOB).tools("notes").await?;
        expect_tools(&tools, &["count"])?;
        let output = tools.call("count", json!({ "text": "To be or not" })).await?;
        ensure!(output.text() == "4 words", "unexpected output: {}", output.text());
        self.script.rows(&[("text", output.text())])
    }

    pub(super) async fn close(&self) -> Result<()> {
        self.script.begin_step("The application shuts down.", "relay.close().await")?;
        let Servers { weather, library, bank, authorization_server, .. } = &self.servers;
        let open_sessions =
            || [weather, library, bank].map(TestServer::open_sessions).iter().sum::<usize>();
        let before = open_sessions();
        // One session cannot be ended, because its token has expired.
        expect_authorization_error(self.relay.close().await, UnauthorizedReason::Rejected)?;
        let after = open_sessions();
        ensure!(after == 1, "{after} of {before} sessions are still open, expected 1");
        let servers = [weather, library, bank].map(TestServer::violations);
        let violations = [servers.concat(), authorization_server.violations()].concat();
        ensure!(
            violations.is_empty(),
            "the servers found protocol violations: {}",
            violations.join("; ")
        );
        let ended = before - after;
        self.script.line(&format!(
            "Relay ended {ended} sessions. It cannot end the session of the expired token."
        ))?;
        self.script.line("The servers found no protocol violation in any request.")?;
        Ok(())
    }

    fn print_authorization(&self, error: &AuthorizationError) -> Result<()> {
        let challenge = error.challenge().context("the error has no challenge")?;
        let metadata =
            challenge.resource_metadata().context("the challenge has no metadata URL")?;
        ensure!(
            metadata.contains("/.well-known/oauth-protected-resource"),
            "unexpected metadata URL: {metadata}"
        );
        let reason = match error.unauthorized.reason {
            UnauthorizedReason::Missing => "the request had no token",
            UnauthorizedReason::Rejected => "the token was rejected",
            _ => "the token has insufficient scope",
        };
        let values = [
            ("reason", Some(reason)),
            ("realm", challenge.param("realm")),
            ("error", challenge.error()),
            ("description", challenge.error_description()),
            ("scope", challenge.scope()),
            ("metadata", Some(metadata)),
        ];
        let present = values.into_iter().filter_map(|(label, value)| Some((label, value?)));
        self.script.rows(&present.collect::<Vec<_>>())
    }

    /// Checks the number of calls that have reached a tool so far.
    pub(super) fn expect_calls(&self, expected: usize) -> Result<()> {
        let calls = self.servers.tool_calls();
        ensure!(calls == expected, "expected {expected} tool calls, got {calls}");
        Ok(())
    }

    /// Checks that no further call has reached a tool, and prints it.
    pub(super) fn expect_no_call(&self, before: usize) -> Result<()> {
        self.expect_calls(before)?;
        self.script.line("No tool ran.")
    }
}

/// Returns the command that starts this program as the stdio server.
fn this_program() -> Result<[String; 2]> {
    let program = std::env::current_exe().context("cannot find the path of this program")?;
    let program = program.into_os_string().into_string();
    let program = program.map_err(|path| anyhow!("\"{}\" is not valid UTF-8", path.display()))?;
    Ok([program, "demo-server".to_owned()])
}
