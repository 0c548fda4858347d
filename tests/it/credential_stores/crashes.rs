//! A process that is killed before each of its steps, and the one that goes on after it.
//!
//! A strict authorization server takes a refresh token back when it answers with the next one. From
//! then until the new one is stored, it is in one process alone: that it is lost with that process
//! is in the protocol, and only a server that lets the old one go on for a while helps. At any
//! other moment nothing is lost.

#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, path::Path};

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_oauth::{Error, Key, OAuthClient, SignInReason, Store};
use mcp_testkit::{AuthorizationServer, OAuthEndpoint, Rotation};

use super::{
    child_process,
    records::refresh_token,
    system_calls,
    test_store::{Home, Kind},
};
use crate::sign_in::support::{World, application};

/// More steps than any process makes.
const MOST: usize = 200;

/// Where a process was killed, as its sign-in sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// The authorization server has not been asked.
    Before,
    /// It has answered, and what it said is not stored.
    Between,
    /// The new refresh token is stored.
    After,
}

/// Somebody who is signed in, and a store that outlives processes.
struct Life {
    world: World,
    home: Home,
    key: Key,
}

impl Life {
    async fn new(kind: Kind, rotation: Rotation) -> Self {
        let world = World::with(AuthorizationServer::builder().rotation(rotation)).await;
        let key = Key::new(Some("alice"), world.server.url(), world.accounts.issuer());
        let life = Self { world, home: Home::new(kind), key };
        life.sign_in().await;
        life
    }

    fn client(&self) -> OAuthClient {
        application().store(self.home.open()).build().unwrap()
    }

    async fn sign_in(&self) {
        let client = self.client();
        self.world.sign_in(&client, &client.user("alice")).await.unwrap();
    }

    /// The refresh token that another process finds.
    async fn stored(&self) -> String {
        refresh_token(self.home.open().load(&self.key).await.unwrap())
    }

    /// How often tokens were given.
    fn given(&self) -> usize {
        self.world.accounts.count(OAuthEndpoint::Token)
    }

    /// Runs a process whose access token has expired, and kills it before a step. Where it makes
    /// fewer there is no moment, and it has called the tool.
    async fn killed_before(&self, step: usize) -> Option<Moment> {
        self.world.accounts.expire_access_tokens();
        let (old, given) = (self.stored().await, self.given());
        let status = self.run(Some(step)).await;
        self.settle().await;
        match status {
            Some(status) => assert_eq!(status.signal(), Some(9), "before step {step}"),
            None => return None,
        }
        Some(match (self.given() > given, self.stored().await != old) {
            (false, false) => Moment::Before,
            (true, false) => Moment::Between,
            (true, true) => Moment::After,
            (false, true) => panic!("a token comes from nowhere"),
        })
    }

    /// How a process ended that calls the tool, unless it did.
    async fn run(&self, fatal: Option<usize>) -> Option<std::process::ExitStatus> {
        let issuer = url::Url::parse(self.world.accounts.issuer()).unwrap();
        let server = [(child_process::SERVER, Path::new(self.world.server.url()))];
        let child = system_calls::start("call", &self.home, issuer.port().unwrap(), fatal, &server);
        let (status, said) = tokio::task::spawn_blocking(|| child.end()).await.unwrap();
        let called = said.lines().any(|line| line.ends_with("hello"));
        assert_eq!(status.success(), called, "{said}");
        (!called).then_some(status)
    }

    /// Waits until the authorization server has seen to all that came before.
    async fn settle(&self) {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let metadata = "/.well-known/oauth-authorization-server";
        for _ in 0..2 {
            let url = format!("{}{metadata}", self.world.accounts.issuer());
            http.get(url).send().await.unwrap().error_for_status().unwrap();
        }
    }

    /// Calls the tool as the next process does.
    async fn go_on(&self) -> Result<String, relay::Error> {
        let output = self.world.call(&self.client().user("alice")).await;
        output.map(|output| output.text().to_owned())
    }
}

/// Whether a call ended in nothing but the demand to sign in again.
fn wants_sign_in(error: &relay::Error) -> bool {
    let relay::Error::Authorization(refused) = error else { return false };
    let source = std::error::Error::source(&refused.unauthorized);
    let source = source.and_then(|source| source.downcast_ref());
    let reason = SignInReason::RefreshTokenRefused;
    matches!(source, Some(Error::SignInRequired { reason: it, .. }) if *it == reason)
}

#[tokio::test]
async fn crash_before_any_system_call_keeps_the_stored_refresh_token() {
    // AUTH-34
    for kind in Kind::shared() {
        let life = Life::new(kind, Rotation::Strict).await;
        let mut moments = BTreeSet::new();
        let mut step = 1;
        while let Some(moment) = life.killed_before(step).await {
            moments.insert(moment);
            let outcome = life.go_on().await;
            match moment {
                Moment::Between => {
                    let error = outcome.unwrap_err();
                    assert!(wants_sign_in(&error), "{kind:?}, step {step}: {error:?}");
                    life.sign_in().await;
                }
                _ => assert_eq!(outcome.unwrap(), "hello", "{kind:?}, step {step}: {moment:?}"),
            }
            step += 1;
            assert!(step < MOST, "it does not come to its end");
        }
        let all = [Moment::Before, Moment::Between, Moment::After];
        assert_eq!(moments, BTreeSet::from(all), "{kind:?}");
    }
}

#[tokio::test]
async fn crash_loses_no_sign_in_if_rotation_has_a_grace_period() {
    let life = Life::new(Kind::File, Rotation::Lenient).await;
    let mut step = 1;
    while life.killed_before(step).await.is_some() {
        assert_eq!(life.go_on().await.unwrap(), "hello", "step {step}");
        step += 1;
        assert!(step < MOST, "it does not come to its end");
    }
    life.world.assert_no_violations();
}

#[tokio::test]
async fn concurrent_processes_refresh_once() {
    for kind in Kind::shared() {
        let life = Life::new(kind, Rotation::Strict).await;
        life.world.accounts.expire_access_tokens();
        let outcomes = join_all((0..4).map(|_| life.run(None))).await;
        assert_eq!(outcomes, [None; 4], "{kind:?}");
        assert_eq!(life.given(), 2, "{kind:?}");
        life.world.assert_no_violations();
    }
}

/// The steps in the folder from the answer of the authorization server to the end.
async fn steps_of_a_save(kind: Kind) -> Vec<String> {
    let life = Life::new(kind, Rotation::Strict).await;
    life.world.accounts.expire_access_tokens();
    assert_eq!(life.run(None).await, None);
    let made = system_calls::made(&life.home);
    let answered = made.iter().rposition(|step| step == "recv socket").unwrap();
    made[answered + 1..].to_vec()
}

#[tokio::test]
async fn file_is_synced_before_it_is_renamed() {
    let [clear, sealed] = [Kind::File, Kind::Sealed].map(|kind| async move {
        let steps = steps_of_a_save(kind).await.join("\n");
        let digests = steps.split([' ', '.', '\n']).filter(|part| part.len() == 43);
        digests.fold(steps.clone(), |steps, digest| steps.replace(digest, "*"))
    });
    let clear = clear.await;
    assert_eq!(clear, sealed.await);
    assert_snapshot!(clear, @"
    create folder.lock
    flock folder.lock
    create *.*.new
    write *.*.new
    fsync *.*.new
    rename *.*.json
    fsync .
    unlink *.*.lock
    ");
}

#[tokio::test]
async fn database_is_synced_before_the_lock_is_released() {
    let mut steps = steps_of_a_save(Kind::Sqlite).await;
    let released = steps.iter().position(|step| step.ends_with(".lock")).unwrap();
    steps.truncate(released);
    steps.dedup();
    assert_snapshot!(steps.join("\n"), @"
    pwrite64 sign-ins.db-wal
    fsync sign-ins.db-wal
    ");
}
