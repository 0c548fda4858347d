//! The table of retries in the documentation of `relay::Error`, checked against scripted servers.

use std::iter;

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use relay::{FailureKind, Server};
use serde_json::{Value, json};

use crate::relay::support::relay_with;
use crate::support::{Script, ScriptedResponse, advance_until, error, result, status};

/// A response of the server to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    /// A 404 without a body, for a request in a session.
    LostSession,
    /// A 400 with a text about the session.
    LostSessionAs400,
    /// A JSON-RPC error with the id of the request, and this status.
    Answered(u16),
    /// This status with `Retry-After: 1`.
    Busy(u16),
    /// The same, with a JSON-RPC error that has no id.
    BusyWithoutId(u16),
    /// This status with `Retry-After: 60`.
    BusyForLong(u16),
    /// This status alone.
    Bare(u16),
}

/// A kind of request, as in the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    TrustedCall,
    Read,
}

/// The view of a caller: how often the request was sent, whether it succeeded, and whether the error
/// says that it did not run.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    sends: usize,
    succeeded: bool,
    did_not_run: bool,
    is_session_lost: bool,
}

impl Outcome {
    fn response(self, kind: Kind) -> ScriptedResponse {
        let without_id = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"busy"}}"#;
        match self {
            Self::Success if kind == Kind::Read => result(&json!({ "tools": [] })),
            Self::Success => result(&json!({ "content": [] })),
            Self::LostSession => status(404),
            Self::LostSessionAs400 => status(400).body("Bad Request: No valid session ID provided"),
            Self::Answered(code) => {
                error(-32000, "no", &Value::Null).with_status(code).header("retry-after", "1")
            }
            Self::Busy(code) => status(code).header("retry-after", "1"),
            Self::BusyWithoutId(code) => status(code)
                .header("content-type", "application/json")
                .header("retry-after", "1")
                .body(without_id),
            Self::BusyForLong(code) => status(code).header("retry-after", "60"),
            Self::Bare(code) => status(code),
        }
    }

    fn is_lost(self) -> bool {
        matches!(self, Self::LostSession | Self::LostSessionAs400)
    }

    /// Returns whether the server certainly did not run the request.
    fn did_not_run(self) -> bool {
        // A 400 does not prove it.
        matches!(
            self,
            Self::LostSession | Self::Busy(_) | Self::BusyWithoutId(_) | Self::BusyForLong(_)
        )
    }

    fn is_retried(self, kind: Kind) -> bool {
        match self {
            Self::Busy(_) | Self::BusyWithoutId(_) => true,
            Self::Bare(code) => kind != Kind::Call && matches!(code, 408 | 429 | 502..=504),
            _ => false,
        }
    }
}

/// The table, written once more. Returns what the caller sees if the server sends these outcomes in
/// turn, and repeats the last one.
fn expected(outcomes: &[Outcome], kind: Kind, retries: usize) -> Seen {
    let last = *outcomes.last().expect("an outcome");
    let mut next = outcomes.iter().copied().chain(iter::repeat(last));
    let (mut sends, mut done, mut unknown) = (0, 0, false);
    loop {
        let mut in_new_session = false;
        let outcome = loop {
            sends += 1;
            let outcome = next.next().expect("an endless sequence");
            let may_repeat = kind == Kind::Read || sends < 1 + retries;
            if !outcome.is_lost() || in_new_session || !may_repeat {
                break outcome;
            }
            in_new_session = true;
        };
        let may_repeat = done < retries && (kind == Kind::Read || sends < 1 + retries);
        if !(outcome.is_retried(kind) && may_repeat) {
            return Seen {
                sends,
                succeeded: outcome == Outcome::Success,
                did_not_run: outcome.did_not_run() && !unknown,
                is_session_lost: outcome == Outcome::LostSession && !unknown,
            };
        }
        // A read may run several times.
        unknown |= kind != Kind::Read && !outcome.did_not_run();
        done += 1;
    }
}

async fn seen(outcomes: &[Outcome], kind: Kind, retries: usize) -> Seen {
    let method = if kind == Kind::Read { "tools/list" } else { "tools/call" };
    let tool = json!({
        "name": "add", "inputSchema": { "type": "object" },
        "annotations": { "readOnlyHint": kind == Kind::TrustedCall },
    });
    let mut script = Script::new();
    if kind != Kind::Read {
        script = script.on("tools/list", result(&json!({ "tools": [tool] })));
    }
    let script =
        outcomes.iter().fold(script, |script, outcome| script.on(method, outcome.response(kind)));
    let server = script.start().await;
    let settings = Server::http(server.url()).trust_annotations(true).max_retries(retries);
    let relay = relay_with(settings);
    let (outcome, _) = match kind {
        Kind::Read => {
            let (listed, took) = advance_until(relay.tools("main")).await;
            (listed.map(drop), took)
        }
        _ => {
            let tools = relay.tools("main").await.expect("a list");
            let (called, took) = advance_until(tools.call("add", json!({}))).await;
            (called.map(drop), took)
        }
    };
    let failure = outcome.as_ref().err();
    Seen {
        sends: server.requests_of(method).await.len(),
        succeeded: failure.is_none(),
        did_not_run: failure.is_some_and(relay::Error::did_not_run),
        is_session_lost: matches!(
            failure,
            Some(relay::Error::Transport { kind: FailureKind::SessionLost, .. })
        ),
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let temporary = || prop_oneof![Just(429_u16), Just(503)];
    prop_oneof![
        2 => Just(Outcome::Success),
        4 => Just(Outcome::LostSession),
        1 => Just(Outcome::LostSessionAs400),
        1 => prop_oneof![Just(400_u16), Just(404), Just(429), Just(503)].prop_map(Outcome::Answered),
        3 => temporary().prop_map(Outcome::Busy),
        1 => temporary().prop_map(Outcome::BusyWithoutId),
        1 => temporary().prop_map(Outcome::BusyForLong),
        2 => prop_oneof![Just(403_u16), Just(408), Just(429), Just(500), Just(502), Just(503), Just(504)]
            .prop_map(Outcome::Bare),
    ]
}

#[test]
fn the_table_of_retries_holds() {
    let kind = prop_oneof![Just(Kind::Call), Just(Kind::TrustedCall), Just(Kind::Read)];
    let cases = (vec(outcome(), 1..6), kind, 0..4_usize);
    let tested = TestRunner::new(property_tests::config_with_cases(128)).run(
        &cases,
        |(outcomes, kind, retries)| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let seen = runtime.block_on(seen(&outcomes, kind, retries));
            prop_assert!(kind == Kind::Read || seen.sends <= 1 + retries, "{:?}", seen);
            prop_assert_eq!(seen, expected(&outcomes, kind, retries));
            Ok(())
        },
    );
    tested.unwrap();
}
