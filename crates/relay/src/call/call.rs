//! One call of a tool, from its arguments to its output.

use std::{borrow::Cow, pin::pin, time::Duration};

use aws_lc_rs::rand;
use backon::{BackoffBuilder, ExponentialBuilder};
use mcp_client::{
    BoxError, Limits,
    mcp_types::{Method, error_code, v2026_07_28::CallToolRequest},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::{
    sync::SemaphorePermit,
    time::{self, Instant},
};

use super::{
    interceptor::{Call, Next},
    resource_tools,
    span::{What, observed},
    tool::Tool,
};
use crate::{
    error::{Authorization, Error, TransportKind},
    pending_call::Ticket,
    server::Link,
    tool_output::ToolOutput,
};

/// When the time of a call runs out, with all its waits and attempts.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    began: Instant,
    total: Duration,
}

impl Deadline {
    fn of(limits: Limits) -> Self {
        Self { began: Instant::now(), total: limits.total }
    }

    fn left(self) -> Duration {
        self.total.saturating_sub(self.began.elapsed())
    }
}

impl Call {
    /// The error that says the call was not let through. Nothing was sent.
    pub fn refuse(&self, reason: impl Into<String>) -> Error {
        self.tool.fault(reason.into())
    }
}

impl Tool {
    /// Calls the tool.
    ///
    /// `arguments` is whatever serializes as a JSON object: a `serde_json::Value`, a struct, a map,
    /// or a `RawValue` straight from the model. A failure of the tool's own is an output with
    /// [`is_error`](ToolOutput::is_error), for the model to see. Dropping the future cancels the call.
    ///
    /// What surely never ran is tried [again](crate::Server::retries); what may have run is not,
    /// unless the tool only reads or may be repeated and its server's word [is
    /// trusted](crate::Server::trust_annotations).
    ///
    /// # Errors
    /// [`Error::Authorization`] when the user has to sign in, [`Error::InvalidArguments`] when the
    /// arguments do not fit the tool's schema, [`Error::ToolCall`] when they are no object or the
    /// server gives back no result, [`Error::InvalidOutput`] when that does not fit, else
    /// [`Error::OutcomeUnknown`] if the call may have run and [`Error::Transport`] if not or if the
    /// server has answered with an error.
    pub async fn call(&self, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        let tool = Some(&*self.definition().name);
        let what = What { method: CallToolRequest::NAME, tool, prompt: None };
        let failed = |output: &ToolOutput| output.is_error;
        let called = pin!(async {
            let arguments = object(&arguments).map_err(|error| self.unsendable(error))?;
            let outcome = match &self.server.interceptors[..] {
                [] => self.send(&arguments).await,
                interceptors => {
                    let call = Call { tool: self.clone(), arguments: arguments.clone() };
                    Next { rest: interceptors }.run(call).await
                }
            };
            outcome.map_err(|error| self.with_ticket(error, &arguments))
        });
        observed(&self.server.place, what, failed, called).await
    }

    /// Checks the arguments, waits for its turn, sends the call, and checks the output.
    pub(crate) async fn send(&self, arguments: &RawValue) -> Result<ToolOutput, Error> {
        let link = self.server.place.link()?;
        if link.server.checks {
            self.entry().checks.check_arguments(self.server(), self.definition(), arguments)?;
        }
        let deadline = Deadline::of(self.limits(link));
        let (_turn, waited) = self.turn(link, deadline).await?;
        // Without a wait, all the time is left, which the client sees to.
        let limit = waited.then(|| deadline.left());
        let output = match self.attempt(link, arguments, limit).await {
            Err(error) if self.may_run_again(link, &error) => {
                Box::pin(self.attempt_again(link, arguments, error, deadline)).await?
            }
            outcome => outcome?,
        };
        if link.server.checks {
            self.entry().checks.check_output(self.server(), self.definition(), output)
        } else {
            Ok(output)
        }
    }

    /// Makes the call once; `limit` is the time that it has, where that is not all of a call's.
    async fn attempt(
        &self,
        link: &Link,
        arguments: &RawValue,
        limit: Option<Duration>,
    ) -> Result<ToolOutput, Error> {
        let name = &*self.definition().name;
        let connection = self.server.place.connection()?;
        let mut options = self.options.as_deref().cloned();
        if let Some(limit) = limit {
            options = Some(options.unwrap_or_default().total(limit));
        }
        let adjusted = self.server.place.traced(&connection, options);
        let client = adjusted.as_ref().unwrap_or(&connection);
        let called = match resource_tools::is_one(&self.entry().tool) {
            false => {
                let called = client.call_tool_raw(name, arguments).await.map(ToolOutput::from);
                called.map_err(|error| self.server.place.attempt(Some(name)).failed(error))
            }
            true => {
                let limit = limit.unwrap_or_else(|| self.limits(link).total);
                let called = Box::pin(resource_tools::call(client, name, arguments, limit)).await;
                called.map_err(|error| self.server.place.attempt(None).failed_beyond_tools(error))
            }
        };
        connection.touch();
        if called.as_ref().is_err_and(is_unknown_tool) {
            Box::pin(self.server.place.forget_list()).await;
        }
        called
    }

    /// Tries again after a failure, within the time that a call has in all. Once it may have run, no
    /// later failure says that it surely has not.
    async fn attempt_again(
        &self,
        link: &Link,
        arguments: &RawValue,
        mut error: Error,
        deadline: Deadline,
    ) -> Result<ToolOutput, Error> {
        const WAIT: Duration = Duration::from_millis(100);
        let pace = ExponentialBuilder::default().with_jitter().with_min_delay(WAIT);
        let mut unknown = None;
        for wait in pace.with_max_times(link.server.retries).build() {
            let wait = error.retry_after().unwrap_or(wait);
            if !self.may_run_again(link, &error) || wait >= deadline.left() {
                break;
            }
            time::sleep(wait).await;
            if !error.did_not_run() {
                unknown = unknown.or(Some(error));
            }
            match self.attempt(link, arguments, Some(deadline.left())).await {
                Ok(output) => return Ok(output),
                Err(next) => error = next,
            }
        }
        Err(match unknown {
            Some(unknown) => error.after(unknown),
            None => error,
        })
    }

    /// Whether trying again may help and does no harm.
    fn may_run_again(&self, link: &Link, error: &Error) -> bool {
        const PATIENCE: Duration = Duration::from_secs(10);
        let says = self.untrusted_annotations().filter(|_| link.server.trust_annotations);
        let harmless = says.is_some_and(|says| {
            says.read_only_hint == Some(true) || says.idempotent_hint == Some(true)
        });
        let soon = error.retry_after().is_none_or(|wait| wait <= PATIENCE);
        let helps = if harmless { error.is_passing() } else { error.retryable() };
        link.server.retries > 0 && soon && helps
    }

    /// Lets a call be resumed that a sign-in stands in the way of, as it was made: interceptors see
    /// it again. Where it was another that was refused, as one that an interceptor has made besides,
    /// this one may have run.
    fn with_ticket(&self, mut error: Error, arguments: &RawValue) -> Error {
        let name = &*self.definition().name;
        if let Error::Authorization(refused) = &mut error
            && refused.server == self.server()
            && refused.tool.as_deref().is_none_or(|tool| tool == name)
        {
            refused.ticket = self.ticket(refused, arguments);
        }
        error
    }

    /// A ticket for a call that surely did not run.
    fn ticket(&self, refused: &Authorization, arguments: &RawValue) -> Option<Ticket> {
        let place = &self.server.place;
        let mut id = [0; 16];
        rand::fill(&mut id).ok().filter(|()| refused.did_not_run)?;
        let scopes =
            refused.challenge().and_then(|challenge| challenge.scope()).unwrap_or_default();
        Some(Ticket {
            id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            server: self.server().to_owned(),
            tool: self.definition().name.clone(),
            arguments: arguments.get().to_owned(),
            user: place.user_id.as_deref().map(str::to_owned),
            nobody: place.source.is_none(),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// Waits until the server has room for one more call; also whether that took a while.
    async fn turn<'a>(
        &self,
        link: &'a Link,
        deadline: Deadline,
    ) -> Result<(Option<SemaphorePermit<'a>>, bool), Error> {
        if let Ok(turn) = link.room.try_acquire() {
            return Ok((Some(turn), false));
        }
        match time::timeout(deadline.left(), link.room.acquire()).await {
            Ok(turn) => Ok((turn.ok(), true)),
            Err(_) => Err(self.fault("too many calls of its server are under way")),
        }
    }

    /// The limits of a call.
    fn limits(&self, link: &Link) -> Limits {
        let limits = link.server.limits;
        self.options.as_ref().map_or(limits, |options| options.limits(limits))
    }

    pub(crate) fn fault(&self, reason: impl Into<Cow<'static, str>>) -> Error {
        Error::ToolCall {
            server: self.server().to_owned(),
            tool: self.definition().name.clone(),
            reason: reason.into(),
            source: None,
        }
    }

    fn unsendable(&self, error: BoxError) -> Error {
        let error = mcp_client::Error::Params { method: "tools/call".into(), source: error.into() };
        self.server.place.attempt(Some(&self.definition().name)).failed(error)
    }
}

/// The server no longer has what its list had: the list is stale.
fn is_unknown_tool(error: &Error) -> bool {
    matches!(error, Error::Transport { kind: TransportKind::Rpc(error_code::INVALID_PARAMS), .. })
}

/// Arguments as they are sent; nothing is an empty object.
fn object(arguments: &impl Serialize) -> Result<Box<RawValue>, BoxError> {
    let arguments = to_raw_value(arguments)?;
    match arguments.get().as_bytes().first() {
        Some(b'{') => Ok(arguments),
        Some(b'n') => Ok(RawValue::from_string("{}".to_owned())?),
        _ => Err("the arguments of a tool have to be a JSON object".into()),
    }
}
