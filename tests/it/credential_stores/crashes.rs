//! Crashes: a process is killed before each of its system calls, and another process continues.
//!
//! A strict authorization server revokes a refresh token when it issues the next one. Until the new
//! token is stored, only one process has it. If that process crashes, the token is lost: this
//! follows from the protocol, and only a server with a grace period for the old token avoids it. A
//! crash at any other moment loses nothing.

#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, path::Path};

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_oauth::{Error, OAuthClient, SignInReason, Store, StoreKey};
use mcp_testkit::{AuthorizationServer, OAuthEndpoint, Rotation};

use super::{
    child_process,
    records::refresh_token,
    system_calls,
    test_store::{StoreKind, TestStore},
};
use crate::sign_in::support::{OAuthFixture, client_builder};

/// More system calls than any process makes.
const MAX_SYSTEM_CALLS: usize = 200;

/// The time at which a process was killed, relative to its token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CrashPoint {
    /// Before the authorization server received the request.
    BeforeRequest,
    /// After the response was sent, and before the new refresh token was stored.
    BeforeSave,
    /// After the new refresh token was stored.
    AfterSave,
}

/// A signed-in user, and a store that outlives processes.
struct CrashTest {
    fixture: OAuthFixture,
    test_store: TestStore,
    key: StoreKey,
}

impl CrashTest {
    async fn new(kind: StoreKind, rotation: Rotation) -> Self {
        let fixture = OAuthFixture::with_authorization_server(
            AuthorizationServer::builder().rotation(rotation),
        )
        .await;
        let key = StoreKey::new(
            Some("alice"),
            fixture.server.url(),
            fixture.authorization_server.issuer(),
        );
        let test = Self { fixture, test_store: TestStore::new(kind), key };
        test.sign_in().await;
        test
    }

    fn client(&self) -> OAuthClient {
        client_builder().store(self.test_store.open()).build().unwrap()
    }

    async fn sign_in(&self) {
        let client = self.client();
        self.fixture.sign_in(&client, &client.user("alice")).await.unwrap();
    }

    /// The refresh token that another process finds in the store.
    async fn stored_refresh_token(&self) -> String {
        refresh_token(self.test_store.open().load(&self.key).await.unwrap())
    }

    /// The number of token requests so far.
    fn token_requests(&self) -> usize {
        self.fixture.authorization_server.count(OAuthEndpoint::Token)
    }

    /// Runs a process whose access token has expired, and kills it before a system call.
    ///
    /// Returns `None` if the process makes fewer system calls. It has then called the tool.
    async fn kill_before(&self, number: usize) -> Option<CrashPoint> {
        self.fixture.authorization_server.expire_access_tokens();
        let (old, token_requests) = (self.stored_refresh_token().await, self.token_requests());
        let status = self.run(Some(number)).await;
        self.settle().await;
        match status {
            Some(status) => assert_eq!(status.signal(), Some(9), "before system call {number}"),
            None => return None,
        }
        Some(
            match (self.token_requests() > token_requests, self.stored_refresh_token().await != old)
            {
                (false, false) => CrashPoint::BeforeRequest,
                (true, false) => CrashPoint::BeforeSave,
                (true, true) => CrashPoint::AfterSave,
                (false, true) => panic!("a refresh token was stored without a token request"),
            },
        )
    }

    /// Runs a process that calls the tool. Returns its exit status if the call did not succeed.
    async fn run(&self, fatal: Option<usize>) -> Option<std::process::ExitStatus> {
        let issuer = url::Url::parse(self.fixture.authorization_server.issuer()).unwrap();
        let server = [(child_process::SERVER, Path::new(self.fixture.server.url()))];
        let child = system_calls::start_child(
            "call",
            &self.test_store,
            issuer.port().unwrap(),
            fatal,
            &server,
        );
        let (status, said) = tokio::task::spawn_blocking(|| child.wait()).await.unwrap();
        let called = said.lines().any(|line| line.ends_with("hello"));
        assert_eq!(status.success(), called, "{said}");
        (!called).then_some(status)
    }

    /// Waits until the authorization server has handled all earlier requests.
    async fn settle(&self) {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let metadata = "/.well-known/oauth-authorization-server";
        for _ in 0..2 {
            let url = format!("{}{metadata}", self.fixture.authorization_server.issuer());
            http.get(url).send().await.unwrap().error_for_status().unwrap();
        }
    }

    /// Calls the tool as the next process would.
    async fn call_in_next_process(&self) -> Result<String, relay::Error> {
        let output = self.fixture.call(&self.client().user("alice")).await;
        output.map(|output| output.text().to_owned())
    }
}

/// Returns whether the error only requires the user to sign in again.
fn requires_sign_in(error: &relay::Error) -> bool {
    let relay::Error::Authorization(authorization) = error else { return false };
    let source = std::error::Error::source(&authorization.unauthorized);
    let source = source.and_then(|source| source.downcast_ref());
    let reason = SignInReason::RefreshTokenRejected;
    matches!(source, Some(Error::SignInRequired { reason: it, .. }) if *it == reason)
}

#[tokio::test]
async fn crash_before_any_system_call_keeps_the_stored_refresh_token() {
    // AUTH-34
    for kind in StoreKind::shared() {
        let test = CrashTest::new(kind, Rotation::Strict).await;
        let mut crash_points = BTreeSet::new();
        let mut number = 1;
        while let Some(crash_point) = test.kill_before(number).await {
            crash_points.insert(crash_point);
            let outcome = test.call_in_next_process().await;
            match crash_point {
                CrashPoint::BeforeSave => {
                    let error = outcome.unwrap_err();
                    assert!(requires_sign_in(&error), "{kind:?}, system call {number}: {error:?}");
                    test.sign_in().await;
                }
                _ => assert_eq!(
                    outcome.unwrap(),
                    "hello",
                    "{kind:?}, system call {number}: {crash_point:?}"
                ),
            }
            number += 1;
            assert!(number < MAX_SYSTEM_CALLS, "it does not come to its end");
        }
        let all = [CrashPoint::BeforeRequest, CrashPoint::BeforeSave, CrashPoint::AfterSave];
        assert_eq!(crash_points, BTreeSet::from(all), "{kind:?}");
    }
}

#[tokio::test]
async fn crash_loses_no_sign_in_if_rotation_has_a_grace_period() {
    let test = CrashTest::new(StoreKind::File, Rotation::Lenient).await;
    let mut number = 1;
    while test.kill_before(number).await.is_some() {
        assert_eq!(test.call_in_next_process().await.unwrap(), "hello", "system call {number}");
        number += 1;
        assert!(number < MAX_SYSTEM_CALLS, "it does not come to its end");
    }
    test.fixture.assert_no_violations();
}

#[tokio::test]
async fn concurrent_processes_refresh_once() {
    for kind in StoreKind::shared() {
        let test = CrashTest::new(kind, Rotation::Strict).await;
        test.fixture.authorization_server.expire_access_tokens();
        let outcomes = join_all((0..4).map(|_| test.run(None))).await;
        assert_eq!(outcomes, [None; 4], "{kind:?}");
        assert_eq!(test.token_requests(), 2, "{kind:?}");
        test.fixture.assert_no_violations();
    }
}

/// The system calls in the store's directory after the response of the authorization server.
async fn system_calls_of_a_save(kind: StoreKind) -> Vec<String> {
    let test = CrashTest::new(kind, Rotation::Strict).await;
    test.fixture.authorization_server.expire_access_tokens();
    assert_eq!(test.run(None).await, None);
    let recorded = system_calls::recorded(&test.test_store);
    let response = recorded.iter().rposition(|call| call == "recv socket").unwrap();
    recorded[response + 1..].to_vec()
}

#[tokio::test]
async fn file_is_synced_before_it_is_renamed() {
    let [clear, encrypted] = [StoreKind::File, StoreKind::Encrypted].map(|kind| async move {
        let calls = system_calls_of_a_save(kind).await.join("\n");
        let digests = calls.split([' ', '.', '\n']).filter(|part| part.len() == 43);
        digests.fold(calls.clone(), |calls, digest| calls.replace(digest, "*"))
    });
    let clear = clear.await;
    assert_eq!(clear, encrypted.await);
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
    let mut calls = system_calls_of_a_save(StoreKind::Sqlite).await;
    let released = calls.iter().position(|call| call.ends_with(".lock")).unwrap();
    calls.truncate(released);
    calls.dedup();
    assert_snapshot!(calls.join("\n"), @"
    pwrite64 sign-ins.db-wal
    fsync sign-ins.db-wal
    ");
}
