//! A case: what the client does, what the server replies, and the expected outcome.

use std::time::Duration;

use super::{reply::Reply, server::Script};

/// The operation of the client, which is closed at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hostile) enum Operation {
    /// Calls a tool in a session.
    Call,
    /// Calls a tool twice.
    CallTwice,
    /// Lists the tools in a session.
    List,
    /// Opens a session.
    Connect,
    /// Opens a session, or not, after it has detected the protocol version.
    Detect,
    /// Calls a tool in the stateless protocol version.
    StatelessCall,
    /// Calls a tool with a handler for server requests.
    Handle,
    /// Calls a tool with a handler for input requests, in the stateless protocol version.
    StatelessHandle,
    /// Calls a tool over HTTP+SSE.
    Sse,
    /// Calls a tool of a process. The script of the case is a shell script.
    Stdio,
    /// Calls a tool of a process in the stateless protocol version.
    StatelessStdio,
    /// Detects the protocol version of a process.
    DetectStdio,
    /// Lists the tools with `relay`.
    RelayList,
    /// Calls a tool with `relay`.
    RelayCall,
    /// Signs a user in, and gets a token.
    SignIn,
}

/// A row of the suite.
#[derive(Debug, Clone)]
pub(in crate::hostile) struct Case {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) script: Script,
    /// The shell script of a process.
    pub(super) program: Option<String>,
    /// The kinds of the errors, or "ok" with a result.
    pub(super) expected: &'static str,
    /// The maximum time.
    pub(super) bound: Duration,
    /// The timeout of a request.
    pub(super) timeout: Duration,
    /// A part of the warning, if there must be one and no other.
    pub(super) only_warning: Option<&'static str>,
}

/// A case in which the server replies to the request `on`.
pub(in crate::hostile) fn case(
    name: impl Into<String>,
    operation: Operation,
    on: &'static str,
    reply: Reply,
    expected: &'static str,
) -> Case {
    // A case that must not time out gets time, because the machine may be busy.
    let timeout = if expected.contains("Timeout") { 500 } else { 20_000 };
    Case {
        name: name.into(),
        operation,
        script: vec![(on, reply)],
        program: None,
        expected,
        bound: Duration::from_secs(10),
        timeout: Duration::from_millis(timeout),
        only_warning: None,
    }
}

/// A case of a process that is a shell script.
///
/// `respond` responds to the request in `$line` with a result. The script reads `initialize` and the notification
/// after it with `open`. `$TOKEN` is a secret.
pub(in crate::hostile) fn program(
    name: impl Into<String>,
    script: &str,
    expected: &'static str,
) -> Case {
    let prelude = include_str!("prelude.sh");
    let mut case = case(name, Operation::Stdio, "", super::reply::accepted(), expected);
    case.program = Some(format!("{prelude}\n{script}"));
    case
}

impl Case {
    /// Adds the reply to another request, or the next reply to the same one.
    pub(in crate::hostile) fn on(mut self, name: &'static str, reply: Reply) -> Self {
        self.script.push((name, reply));
        self
    }

    /// Detects the protocol version of the process.
    pub(in crate::hostile) fn detect(self) -> Self {
        Self { operation: Operation::DetectStdio, ..self }
    }

    /// Uses the stateless protocol version with the process.
    pub(in crate::hostile) fn stateless(self) -> Self {
        Self { operation: Operation::StatelessStdio, ..self }
    }

    /// Expects exactly one warning, with this part.
    pub(in crate::hostile) fn with_one_warning(self, part: &'static str) -> Self {
        Self { only_warning: Some(part), ..self }
    }

    /// Sets the maximum time.
    pub(in crate::hostile) fn within(self, seconds: u64) -> Self {
        Self { bound: Duration::from_secs(seconds), ..self }
    }

    /// Sets the timeout of a request.
    pub(in crate::hostile) fn with_timeout(self, seconds: u64) -> Self {
        Self { timeout: Duration::from_secs(seconds), ..self }
    }

    /// The name that the client knows the operation by.
    pub(super) fn operation_name(&self) -> &'static str {
        match self.operation {
            Operation::Call => "call",
            Operation::CallTwice => "call twice",
            Operation::List => "list",
            Operation::Connect => "connect",
            Operation::Detect => "detect",
            Operation::StatelessCall => "stateless call",
            Operation::Handle => "handle",
            Operation::StatelessHandle => "stateless handle",
            Operation::Sse => "sse",
            Operation::Stdio => "stdio",
            Operation::StatelessStdio => "stateless stdio",
            Operation::DetectStdio => "detect stdio",
            Operation::RelayList => "relay list",
            Operation::RelayCall => "relay call",
            Operation::SignIn => "sign in",
        }
    }
}
