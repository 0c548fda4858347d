//! Runs the steps of the demo in order.

use anyhow::{Result, anyhow};

use super::{
    servers::{ALICE, ALICE_AGAIN, Servers},
    steps::Steps,
};
use crate::output::{Exit, Printer};

/// Runs the demo.
///
/// # Errors
/// Returns an error if a step has an unexpected outcome.
pub(crate) async fn run(printer: &Printer) -> Result<Exit> {
    Steps::new(Servers::start().await?, printer)?.run().await?;
    Ok(Exit::Success)
}

impl Steps<'_> {
    /// Runs all steps until one has an unexpected outcome.
    pub(crate) async fn run(&self) -> Result<()> {
        self.print_introduction()?;
        self.run_steps().await.map_err(|error| {
            let number = self.script.step_number();
            anyhow!("step {number} of the demo failed: {error:#}")
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
            "Relay connects an application to the tools of MCP servers, for many users at once.\n\
             It sends each user's own token, and tells the application when a user must sign in.\n\n\
             In this demo, an application uses the Rust crate \"relay\". Each step shows its code.\n\
             Three MCP servers run in this process. All require a bearer token:\n",
        )?;
        let Servers { weather, library, bank, authorization_server, .. } = &self.servers;
        self.script.rows(&[
            ("weather", format!("{}  responds with JSON", weather.url())),
            ("library", format!("{}  responds with event streams", library.url())),
            (
                "bank",
                format!(
                    "{}  uses the authorization server {}",
                    bank.url(),
                    authorization_server.issuer()
                ),
            ),
        ])?;
        self.script
            .paragraph("\nA fourth server, \"notes\", is a program that Relay starts. It uses stdin and stdout.")
    }

    fn print_ending(&self) -> Result<()> {
        self.script.paragraph(
            "\nAll steps completed as expected. Relay sent each token to its own server only, refreshed\n\
             an expired one, kept the users' tools apart, and reported when a user had to sign in.\n\n\
             To try Relay with your own server and access token, run:\n\n  \
             export MY_TOKEN=…\n  \
             relay tools --url https://example.com/mcp --token-env MY_TOKEN\n  \
             relay call --url https://example.com/mcp --token-env MY_TOKEN TOOL '{\"key\": \"value\"}'\n\n\
             To sign in with a browser and let Relay manage the token, run:\n\n  \
             relay login --url https://example.com/mcp\n  \
             relay tools --url https://example.com/mcp\n\n\
             Add --verbose to any command, such as \"relay demo\", to see the messages on the wire.",
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
        for (method, step) in [("initialize", 2), ("tools/list", 2), ("tools/call", 3)] {
            let servers = Servers::start().await.unwrap();
            servers.weather.script(On::method(method), Reply::status(500));
            let error = run_demo(servers).await.unwrap_err().to_string();
            let expected = format!("step {step} of the demo failed: ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[tokio::test]
    async fn an_unexpected_401_fails_its_step() {
        let servers = Servers::start().await.unwrap();
        servers.weather.revoke_token(BOB);
        let error = run_demo(servers).await.unwrap_err().to_string();
        assert!(error.starts_with("step 8 of the demo failed: "), "{error}");
    }
}
