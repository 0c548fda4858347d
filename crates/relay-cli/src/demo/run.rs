//! Runs the steps of the demo in order.

use anyhow::{Result, anyhow};

use super::{
    servers::{ALICE, ALICE_AGAIN, Servers},
    steps::Steps,
};
use crate::output::{Exit, Printer};

/// Runs the demo. Returns an error if a step has an unexpected outcome.
pub(crate) async fn run(printer: &Printer) -> Result<Exit> {
    Steps::new(Servers::start().await?, printer)?.run().await?;
    Ok(Exit::Success)
}

impl Steps<'_> {
    /// Runs all steps. Returns the error of the first step that has an unexpected outcome.
    pub(crate) async fn run(&self) -> Result<()> {
        self.print_introduction()?;
        self.run_steps().await.map_err(|error| {
            let number = self.script.step_number();
            anyhow!("step {number} did not come out as announced: {error:#}")
        })?;
        self.print_ending()
    }

    async fn run_steps(&self) -> Result<()> {
        self.without_token().await?;
        let alice = self.relay.with_token(ALICE);
        let tools = self.with_token(&alice).await?;
        self.successful_call(&tools).await?;
        self.event_stream(&alice).await?;
        self.tool_failure(&tools).await?;
        self.expired_token(&tools).await?;
        let alice = self.relay.with_token(ALICE_AGAIN);
        let tools = self.new_token(&alice).await?;
        self.other_user(&tools).await?;
        self.stdio_server().await?;
        self.sign_in_steps().await?;
        self.close().await
    }

    fn print_introduction(&self) -> Result<()> {
        self.script.paragraph(
            "Three MCP servers run in this process, on loopback. All want a bearer token.\n\
             An application asks them for tools on behalf of its users, with the crate `relay`.\n",
        )?;
        let Servers { weather, library, bank, accounts, .. } = &self.servers;
        self.script.rows(&[
            ("weather", format!("{}  answers with JSON", weather.url())),
            ("library", format!("{}  answers with event streams", library.url())),
            ("bank", format!("{}  has an authorization server: {}", bank.url(), accounts.issuer())),
        ])?;
        self.script
            .paragraph("\nA fourth one, `notes`, is a program on stdin and stdout: this one.")
    }

    fn print_ending(&self) -> Result<()> {
        self.script.paragraph(
            "\nAll came out as announced. Next, with a server and a token of your own:\n\n  \
             export MY_TOKEN=…\n  \
             relay tools --url https://example.com/mcp --token-env MY_TOKEN\n  \
             relay call --url https://example.com/mcp --token-env MY_TOKEN TOOL '{\"key\": \"value\"}'\n\n\
             Or sign in with a browser, and leave the token to Relay:\n\n  \
             relay login --url https://example.com/mcp\n  \
             relay tools --url https://example.com/mcp\n\n\
             --verbose shows what goes over the wire, here and there.",
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mcp_testkit::{On, Reply};

    use super::{super::servers::BOB, *};

    async fn run_demo(servers: Servers) -> Result<()> {
        Steps::new(servers, &Printer::sink())?.run().await
    }

    #[tokio::test]
    async fn a_failed_request_fails_its_step() {
        for (method, step) in
            [("server/discover", 1), ("initialize", 2), ("tools/list", 2), ("tools/call", 3)]
        {
            let servers = Servers::start().await.unwrap();
            servers.weather.script(On::method(method), Reply::status(500));
            let error = run_demo(servers).await.unwrap_err().to_string();
            let expected = format!("step {step} did not come out as announced: ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[tokio::test]
    async fn an_unexpected_401_fails_its_step() {
        let servers = Servers::start().await.unwrap();
        servers.weather.revoke_token(BOB);
        let error = run_demo(servers).await.unwrap_err().to_string();
        assert!(error.starts_with("step 8 did not come out as announced: "), "{error}");
    }
}
