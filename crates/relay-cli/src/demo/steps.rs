//! The steps of the demo. Each makes real calls, checks what comes of them, and shows it.

use anyhow::{Context, Result, anyhow, bail, ensure};
use mcp_testkit::TestServer;
use relay::{AccessToken, Authorization, Error, Reason, Relay, Server, Tool, Tools, User};
use serde_json::json;

use super::{
    expect::{expect_tools, names, refusal},
    script::Story,
    servers::{ALICE, ALICE_AGAIN, BOB, Servers},
};
use crate::output::Output;

pub(crate) struct Scene<'a> {
    pub(super) servers: Servers,
    pub(super) relay: Relay,
    pub(super) story: Story<'a>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(servers: Servers, output: &'a Output) -> Result<Self> {
        for token in [ALICE, ALICE_AGAIN, BOB] {
            output.conceal(&AccessToken::new(token));
        }
        let relay = Relay::builder()
            .server("weather", Server::http(servers.weather.url()))
            .server("library", Server::http(servers.library.url()))
            .server("bank", Server::http(servers.bank.url()))
            .server("notes", Server::stdio(own_program()?))
            .build()?;
        Ok(Self { servers, relay, story: Story::new(output) })
    }

    pub(super) async fn without_token(&self) -> Result<()> {
        self.story.step("Nobody has signed in.", "relay.tools(\"weather\").await")?;
        let refused = refusal(self.relay.tools("weather").await, Reason::Missing)?;
        let challenge = refused.challenge().context("there is no challenge")?;
        ensure!(challenge.error().is_none(), "a missing token is not an invalid one");
        self.story.say("Error::Authorization: sign the user in. It says how:")?;
        self.show(&refused)?;
        self.did_not_run(0)
    }

    pub(super) async fn with_token(&self, alice: &User) -> Result<Tools> {
        self.story.step(
            "Alice has signed in; the application has her token.",
            "let tools = relay.with_token(token).tools(\"weather\").await?",
        )?;
        let tools = alice.tools("weather").await?;
        expect_tools(&tools, &["forecast", "history"])?;
        self.story.say("Her tools, by the names that a model sees:")?;
        let row = |tool: Tool| (tool.name().to_owned(), tool.description().to_owned());
        self.story.rows(&tools.iter().map(row).collect::<Vec<_>>())?;
        Ok(tools)
    }

    pub(super) async fn call(&self, tools: &Tools) -> Result<()> {
        self.story.step(
            "The model wants to know the weather.",
            "tools.call(\"relay__weather__forecast\", json!({ \"city\": \"Oslo\", \"days\": 3 })).await?",
        )?;
        let arguments = json!({ "city": "Oslo", "days": 3 });
        let output = tools.call("relay__weather__forecast", arguments).await?;
        ensure!(!output.is_error, "the tool failed: {}", output.text());
        let structured = output.structured_content.as_ref().context("nothing is structured")?;
        let highs = structured["highs"].as_array().map(Vec::len);
        ensure!(structured["city"] == "Oslo" && highs == Some(3), "it says {structured}");
        self.story.say("The output, as text for the model and as JSON for the application:")?;
        self.story.rows(&[("text", output.text()), ("structured", structured.to_string())])?;
        self.ran(1)
    }

    pub(super) async fn event_stream(&self, alice: &User) -> Result<()> {
        self.story.step(
            "The other server answers with an event stream. For the application it is the same.",
            "user.tools(\"library\").await?.call(\"search\", json!({ \"title\": \"Sea\" })).await?",
        )?;
        let tools = alice.tools("library").await?;
        let output = tools.call("search", json!({ "title": "Sea" })).await?;
        let text = output.text();
        ensure!(!output.is_error && text.lines().count() == 2, "it says {text}");
        self.story.rows(&[("text", text.replace('\n', "; "))])?;
        self.ran(2)
    }

    pub(super) async fn failure_of_the_tool(&self, tools: &Tools) -> Result<()> {
        self.story.step(
            "A tool fails by itself. That is an output for the model to see, not an error.",
            "tools.call(\"history\", json!({ \"city\": \"Oslo\", \"year\": 1750 })).await?",
        )?;
        let output = tools.call("history", json!({ "city": "Oslo", "year": 1750 })).await?;
        ensure!(output.is_error, "the tool did not fail: {}", output.text());
        let rows = [("is_error", output.is_error.to_string()), ("text", output.text())];
        self.story.rows(&rows)?;
        self.ran(3)
    }

    pub(super) async fn expired_token(&self, tools: &Tools) -> Result<()> {
        self.servers.weather.renew_token(ALICE, ALICE_AGAIN);
        self.story.step(
            "Alice's token expires, and the model makes the next call.",
            "tools.call(\"relay__weather__forecast\", json!({ \"city\": \"Rome\" })).await",
        )?;
        let called = tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await;
        let refused = refusal(called, Reason::Rejected)?;
        let error = refused.challenge().and_then(|challenge| challenge.error());
        ensure!(error == Some("invalid_token"), "the challenge says {error:?}");
        ensure!(refused.tool.as_deref() == Some("forecast"), "it was {:?}", refused.tool);
        self.story.say("Error::Authorization again, and what it says:")?;
        self.show(&refused)?;
        self.did_not_run(3)
    }

    pub(super) async fn new_token(&self, alice: &User) -> Result<Tools> {
        self.story.step(
            "Alice signs in again, and the call is made with the new token.",
            "relay.with_token(new_token).tools(\"weather\").await?.call(…).await?",
        )?;
        let tools = alice.tools("weather").await?;
        let output = tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await?;
        ensure!(!output.is_error && output.text().starts_with("Rome"), "{}", output.text());
        self.story.rows(&[("text", output.text())])?;
        self.ran(4)?;
        Ok(tools)
    }

    pub(super) async fn other_user(&self, of_alice: &Tools) -> Result<()> {
        self.story.step(
            "Bob signs in, who is a meteorologist. Nothing of one user is shown to another.",
            "relay.with_token(token_of_bob).tools(\"weather\").await?",
        )?;
        let fetched = || self.servers.weather.count("tools/list");
        let before = fetched();
        let of_bob = self.relay.with_token(BOB).tools("weather").await?;
        ensure!(fetched() == before + 1, "Bob's list was not fetched for him");
        expect_tools(&of_bob, &["forecast", "history", "warn"])?;
        let again = self.relay.with_token(ALICE_AGAIN).tools("weather").await?;
        ensure!(fetched() == before + 1, "Alice's list is not kept");
        expect_tools(&again, &["forecast", "history"])?;
        let tried = of_alice.call("warn", json!({ "text": "storm" })).await;
        let Err(error @ Error::UnknownTool { .. }) = tried else {
            bail!("a tool of Bob's is open to Alice: {tried:?}");
        };
        self.story.rows(&[
            ("Bob's", names(&of_bob).join(", ")),
            ("Alice's", names(&again).join(", ")),
            ("Alice tries `warn`", error.to_string()),
        ])?;
        self.did_not_run(4)
    }

    pub(super) async fn program(&self) -> Result<()> {
        self.story.step(
            "A server on stdio is started when it is needed. It gets nobody's token.",
            "relay.tools(\"notes\").await?.call(\"count\", json!({ \"text\": \"To be or not\" })).await?",
        )?;
        let tools = self.relay.tools("notes").await?;
        expect_tools(&tools, &["count"])?;
        let output = tools.call("count", json!({ "text": "To be or not" })).await?;
        ensure!(output.text() == "4 words", "it says {}", output.text());
        let refused = self.relay.with_token(BOB).tools("notes").await;
        let Err(error @ Error::Configuration { .. }) = refused else {
            bail!("it got a token of Bob's");
        };
        self.story.rows(&[("text", output.text()), ("with Bob's token", error.to_string())])
    }

    pub(super) async fn goodbye(&self) -> Result<()> {
        self.story.step("The application ends.", "relay.close().await")?;
        let Servers { weather, library, bank, accounts, .. } = &self.servers;
        let open = || [weather, library, bank].map(TestServer::open_sessions).iter().sum::<usize>();
        let before = open();
        // All are ended but one: that of the expired token is the server's to drop.
        refusal(self.relay.close().await, Reason::Rejected)?;
        let after = open();
        ensure!(after == 1, "{after} of {before} sessions are left");
        let servers = [weather, library, bank].map(TestServer::violations);
        let violations = [servers.concat(), accounts.violations()].concat();
        ensure!(violations.is_empty(), "the servers complain: {}", violations.join("; "));
        let ended = before - after;
        self.story
            .say(&format!("{ended} sessions are ended; that of the expired token cannot be."))?;
        self.story
            .say("The servers found nothing in all requests that is against the protocol.")?;
        Ok(())
    }

    fn show(&self, refused: &Authorization) -> Result<()> {
        let challenge = refused.challenge().context("there is no challenge")?;
        let metadata = challenge.resource_metadata().context("it points to no metadata")?;
        ensure!(metadata.contains("/.well-known/oauth-protected-resource"), "{metadata}");
        let reason = match refused.unauthorized.reason {
            Reason::Missing => "the request had no token",
            Reason::Rejected => "the token was rejected",
            _ => "the token is not enough",
        };
        let values = [
            ("reason", Some(reason)),
            ("realm", challenge.param("realm")),
            ("error", challenge.error()),
            ("description", challenge.error_description()),
            ("scope", challenge.scope()),
            ("metadata", Some(metadata)),
        ];
        let known = values.into_iter().filter_map(|(label, value)| Some((label, value?)));
        self.story.rows(&known.collect::<Vec<_>>())
    }

    /// So many calls have reached a tool by now.
    pub(super) fn ran(&self, expected: usize) -> Result<()> {
        let runs = self.servers.runs();
        ensure!(runs == expected, "{runs} calls reached a tool, not {expected}");
        Ok(())
    }

    /// No further call has reached a tool, which is told.
    pub(super) fn did_not_run(&self, before: usize) -> Result<()> {
        self.ran(before)?;
        self.story.say("No tool ran.")
    }
}

/// The command that starts this program as a server.
fn own_program() -> Result<[String; 2]> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let program = program.into_os_string().into_string();
    let program = program.map_err(|path| anyhow!("{} is not UTF-8", path.display()))?;
    Ok([program, "demo-server".to_owned()])
}
