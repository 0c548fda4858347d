//! Runs the steps of the demo in order.

use anyhow::{Result, anyhow};

use super::{
    servers::{ALICE, ALICE_AGAIN, Servers},
    steps::Scene,
};
use crate::output::{Exit, Output};

/// Shows it step by step; fails if anything does not come out as it is announced.
pub(crate) async fn run(output: &Output) -> Result<Exit> {
    Scene::new(Servers::start().await?, output)?.play().await?;
    Ok(Exit::Done)
}

impl Scene<'_> {
    /// Plays all steps; fails with the first that does not come out as announced.
    pub(crate) async fn play(&self) -> Result<()> {
        self.opening()?;
        self.steps().await.map_err(|error| {
            let number = self.story.number();
            anyhow!("step {number} did not come out as announced: {error:#}")
        })?;
        self.ending()
    }

    async fn steps(&self) -> Result<()> {
        self.without_token().await?;
        let alice = self.relay.with_token(ALICE);
        let tools = self.with_token(&alice).await?;
        self.call(&tools).await?;
        self.event_stream(&alice).await?;
        self.failure_of_the_tool(&tools).await?;
        self.expired_token(&tools).await?;
        let alice = self.relay.with_token(ALICE_AGAIN);
        let tools = self.new_token(&alice).await?;
        self.other_user(&tools).await?;
        self.program().await?;
        self.signed_in().await?;
        self.goodbye().await
    }

    fn opening(&self) -> Result<()> {
        self.story.aside(
            "Three MCP servers run in this process, on loopback. All want a bearer token.\n\
             An application asks them for tools on behalf of its users, with the crate `relay`.\n",
        )?;
        let Servers { weather, library, bank, accounts, .. } = &self.servers;
        self.story.rows(&[
            ("weather", format!("{}  answers with JSON", weather.url())),
            ("library", format!("{}  answers with event streams", library.url())),
            ("bank", format!("{}  has an authorization server: {}", bank.url(), accounts.issuer())),
        ])?;
        self.story.aside("\nA fourth one, `notes`, is a program on stdin and stdout: this one.")
    }

    fn ending(&self) -> Result<()> {
        self.story.aside(
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

    async fn played(servers: Servers) -> Result<()> {
        Scene::new(servers, &Output::nowhere())?.play().await
    }

    #[tokio::test]
    async fn what_does_not_come_out_as_announced_fails() {
        for (method, step) in
            [("server/discover", 1), ("initialize", 2), ("tools/list", 2), ("tools/call", 3)]
        {
            let servers = Servers::start().await.unwrap();
            servers.weather.script(On::method(method), Reply::status(500));
            let error = played(servers).await.unwrap_err().to_string();
            let expected = format!("step {step} did not come out as announced: ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[tokio::test]
    async fn a_user_who_is_refused_by_surprise_fails_it_too() {
        let servers = Servers::start().await.unwrap();
        servers.weather.revoke_token(BOB);
        let error = played(servers).await.unwrap_err().to_string();
        assert!(error.starts_with("step 8 did not come out as announced: "), "{error}");
    }
}
