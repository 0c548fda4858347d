//! How a server is set up.

use std::net::{Ipv4Addr, SocketAddr};

use mcp_types::{Era, Revision};

use crate::{
    bearer::{Bearer, User},
    catalog::Tools,
    error::Error,
    server::TestServer,
    tool::Tool,
};

/// Sets up a [`TestServer`]; made by [`TestServer::builder`].
///
/// ```
/// use mcp_testkit::{AnswerMode, Bearer, CallAnswer, TestServer, Tool};
/// use mcp_types::Revision;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = Tool::new("secret", json!({ "type": "object" }), |_| CallAnswer::text("42"));
/// let server = TestServer::builder()
///     .name("vault")
///     .revisions([Revision::V2025_06_18, Revision::V2025_11_25])
///     .bearer(Bearer::tokens(["alice-token", "bob-token"]))
///     .tools_for("alice-token", [secret])
///     .page_size(50)
///     .answers(AnswerMode::Sse)
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    port: u16,
    config: Config,
    bearer: Option<Bearer>,
    tools: Tools,
}

/// How requests are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnswerMode {
    /// With a JSON object.
    #[default]
    Json,
    /// With an event stream that ends after the answer.
    Sse,
}

/// What stays as it is while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) instructions: Option<String>,
    pub(crate) revisions: Vec<Revision>,
    pub(crate) newest: Revision,
    pub(crate) page_size: Option<usize>,
    pub(crate) answers: AnswerMode,
    pub(crate) sessions: bool,
    pub(crate) allow_get: bool,
    pub(crate) allow_delete: bool,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let config = Config {
            name: "mcp-testkit".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instructions: None,
            revisions: handshake_revisions(),
            newest: Revision::V2025_11_25,
            page_size: None,
            answers: AnswerMode::default(),
            sessions: true,
            allow_get: false,
            allow_delete: true,
        };
        Self { port: 0, config, bearer: None, tools: Tools::default() }
    }

    /// Sets the name that the server gives itself; `mcp-testkit` unless set.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets the version that the server gives itself; that of this crate unless set.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.version = version.into();
        self
    }

    /// Sets the hint for models that comes with the answer to `initialize`.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.config.instructions = Some(instructions.into());
        self
    }

    /// Sets the revisions that the server speaks; all of the handshake era unless set.
    ///
    /// It agrees to the revision that the client offers, or else answers with its newest.
    pub fn revisions(mut self, revisions: impl IntoIterator<Item = Revision>) -> Self {
        self.config.revisions = revisions.into_iter().collect();
        self
    }

    /// Adds a tool for everyone; it takes the place of an earlier one of the same name.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.add(tool);
        self
    }

    /// Adds tools that only the user of `token` sees and can call.
    ///
    /// For that user they take the place of common ones of the same name.
    pub fn tools_for(mut self, token: &str, tools: impl IntoIterator<Item = Tool>) -> Self {
        for tool in tools {
            self.tools.add_for(User::of(token), tool);
        }
        self
    }

    /// Splits `tools/list` into pages of so many tools, at least one; one page holds all unless set.
    pub fn page_size(mut self, tools: usize) -> Self {
        self.config.page_size = Some(tools);
        self
    }

    /// Refuses requests without a valid token; none is needed unless set.
    pub fn bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = Some(bearer);
        self
    }

    /// Sets how requests are answered; with JSON unless set.
    pub fn answers(mut self, mode: AnswerMode) -> Self {
        self.config.answers = mode;
        self
    }

    /// Says whether clients get a session, which they then have to use; they do unless set.
    pub fn sessions(mut self, assigned: bool) -> Self {
        self.config.sessions = assigned;
        self
    }

    /// Says whether clients may listen with GET; 405 is the answer unless set.
    ///
    /// They are sent what is given to [`TestServer::send`].
    pub fn allow_get(mut self, allowed: bool) -> Self {
        self.config.allow_get = allowed;
        self
    }

    /// Says whether clients may end their session with DELETE, or get 405; they may unless set.
    pub fn allow_delete(mut self, allowed: bool) -> Self {
        self.config.allow_delete = allowed;
        self
    }

    /// Sets the port on loopback; any free one unless set.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    /// The port cannot be had, or the revisions to speak are none or not of the handshake era.
    pub async fn start(mut self) -> Result<TestServer, Error> {
        let revisions = &self.config.revisions;
        if let Some(other) = revisions.iter().find(|revision| revision.era() != Era::Handshake) {
            return Err(Error::UnsupportedRevision(*other));
        }
        self.config.newest = revisions.iter().max().copied().ok_or(Error::NoRevision)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        TestServer::start(address, self.config, self.bearer, self.tools)
            .await
            .map_err(|source| Error::Listen { address, source })
    }
}

fn handshake_revisions() -> Vec<Revision> {
    Revision::ALL.into_iter().filter(|revision| revision.era() == Era::Handshake).collect()
}
