//! The state that all users share: the relay, the servers, the tokens and the findings.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures_util::future::BoxFuture;
use relay::{
    Handler, HandlerCapabilities, HandlerContext, JsonObject, Limits, Relay, Server, StdioCommand,
    User,
    mcp_client::{
        BoxError,
        mcp_types::v2026_07_28::{ElicitAction, ElicitRequestFormParams, ElicitResult},
    },
};
use tokio::sync::RwLock;

use super::{control::Control, findings::Findings, tokens::Tokens};
use crate::{
    options::Injected,
    plan::{self, FAULTY, HTTP_SERVERS, JSON, NAMES, STDIO},
};

pub(crate) struct World {
    pub(crate) relay: Relay,
    pub(crate) control: Arc<Control>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) findings: Arc<Findings>,
    pub(crate) injected: Injected,
    /// Each operation holds it for reading. At the end of a minute, all users rest.
    pub(crate) rest: RwLock<()>,
    pub(crate) stopped: AtomicBool,
    next: AtomicU64,
    /// The number of tokens and resumed calls that the relay remembers.
    remembered: AtomicU64,
}

/// Responds to the form of a server with the number of its user.
struct Form {
    user: usize,
}

impl World {
    /// Creates the relay. All its limits are reached within the first minute.
    pub(crate) fn new(
        control: Arc<Control>,
        tokens: Arc<Tokens>,
        findings: Arc<Findings>,
        injected: Injected,
    ) -> Result<Self> {
        let mut builder = Relay::builder()
            .cache_duration(Duration::from_secs(10))
            .session_idle_timeout(Duration::from_secs(10))
            .max_sessions(700)
            .max_cached_lists(600)
            .handler_factory(|context| form(context));
        for (number, name) in NAMES.iter().enumerate() {
            builder = builder.server(*name, server(number, tokens.urls())?);
        }
        Ok(Self {
            relay: builder.build()?,
            control,
            tokens,
            findings,
            injected,
            rest: RwLock::new(()),
            stopped: AtomicBool::new(false),
            next: AtomicU64::new(0),
            remembered: AtomicU64::new(0),
        })
    }

    /// Replaces a server by one with the same settings, while calls are in progress.
    pub(crate) fn replace(&self, number: usize) -> Result<()> {
        Ok(self.relay.add_server(NAMES[number], server(number, self.tokens.urls())?)?)
    }

    /// Returns the number of the next call.
    pub(crate) fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Relaxed)
    }

    /// Counts a token that the relay remembers, or a call that was resumed.
    pub(crate) fn remember(&self) {
        self.remembered.fetch_add(1, Relaxed);
    }

    pub(crate) fn remembered(&self) -> u64 {
        self.remembered.load(Relaxed)
    }

    /// Returns whether the user must sign in again after each rotation.
    pub(crate) fn signs_in(user: usize) -> bool {
        plan::signs_in(user)
    }

    /// Returns the handle of a user for a server. An application does this for each request.
    pub(crate) fn handle(&self, server: usize, user: usize) -> User {
        // The stdio server is shared, and gets no token.
        let server = if server == STDIO { JSON } else { server };
        match Self::signs_in(user) {
            true => self.relay.with_token(self.tokens.current(server, user)),
            false => self.relay.for_user(user.to_string(), self.tokens.of(user)),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }
}

fn server(number: usize, urls: &[String]) -> Result<Server> {
    let server = if number < HTTP_SERVERS {
        Server::http(&*urls[number]).trust_annotations(true)
    } else {
        let program = env::current_exe()?;
        let program = program.to_str().context("the path of this program is not UTF-8")?;
        Server::stdio(StdioCommand::new([program, "stdio"])).shared()
    };
    Ok(match number {
        FAULTY => {
            let mut limits = Limits::default();
            limits.timeout = Duration::from_secs(2);
            limits.max_total_timeout = Duration::from_secs(3);
            server.limits(limits)
        }
        _ => server,
    })
}

fn form(context: &HandlerContext<'_>) -> Option<Arc<dyn Handler>> {
    let user = context.user?.parse().ok()?;
    Some(Arc::new(Form { user }))
}

impl Handler for Form {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none().form()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let content = JsonObject::from_iter([("user".to_owned(), self.user.into())]);
        Box::pin(async { Ok(ElicitResult::new(ElicitAction::Accept).with_content(content)) })
    }
}
