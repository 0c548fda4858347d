//! The sign-in on another device (RFC 8628), and its failures.

use std::time::Duration;

use mcp_oauth::{DeviceSignIn, Error, OAuthClient};
use mcp_testkit::{AuthorizationServer, Decision, DeviceGrant, OAuthEndpoint, Reply};

use super::support::{OAuthFixture, client_builder};
use crate::support::advance_until;

async fn start(grant: DeviceGrant) -> (OAuthFixture, OAuthClient) {
    let server = AuthorizationServer::builder().device_grant(grant);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    (fixture, client_builder().build().unwrap())
}

async fn begin(fixture: &OAuthFixture, client: &OAuthClient) -> Result<DeviceSignIn, Error> {
    client.user("ann").begin_device_sign_in(&fixture.endpoint(), None).await
}

/// Begins and completes a sign-in. Returns the seconds until the result.
async fn sign_in(fixture: &OAuthFixture, client: &OAuthClient) -> (Result<(), Error>, u64) {
    let sign_in = begin(fixture, client).await.unwrap();
    let (outcome, time) = advance_until(client.complete_device_sign_in(sign_in)).await;
    (outcome.map(drop), time.as_secs())
}

#[tokio::test]
async fn the_user_signs_in_on_another_device_and_the_token_is_refreshed() {
    let errors = ["authorization_pending", "slow_down", "authorization_pending"];
    for builder in [client_builder(), OAuthClient::builder("web", "https://app.example/callback")] {
        let (fixture, _) = start(DeviceGrant::new().errors(errors)).await;
        let client = builder.build().unwrap();
        let sign_in = begin(&fixture, &client).await.unwrap();
        let issuer = fixture.authorization_server.issuer();
        assert_eq!(sign_in.user_code, "WDJB-MJHT");
        assert_eq!(sign_in.verification_uri.as_str(), format!("{issuer}/device"));
        let complete = sign_in.verification_uri_complete.as_ref().unwrap();
        assert_eq!(complete.as_str(), format!("{issuer}/device?user_code=WDJB-MJHT"));
        assert_eq!(sign_in.expires_in, Duration::from_secs(600));
        let debug = format!("{sign_in:?}");
        assert!(!debug.contains("device-") && !debug.contains("WDJB"), "{debug}");

        let (outcome, time) = advance_until(client.complete_device_sign_in(sign_in)).await;
        let credentials = outcome.unwrap();
        assert!(credentials.granted_scopes.iter().eq(["greet"]));
        // 1 + 1 + 6 + 6 seconds
        assert!((14..20).contains(&time.as_secs()), "{time:?}");
        let ann = client.user("ann");
        assert_eq!(fixture.call(&ann).await.unwrap().text(), "hello");
        fixture.authorization_server.expire_access_tokens();
        assert_eq!(fixture.call(&ann).await.unwrap().text(), "hello");
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn a_missing_interval_is_five_seconds() {
    let (fixture, client) = start(DeviceGrant::new().interval(None)).await;
    let (outcome, time) = sign_in(&fixture, &client).await;
    outcome.unwrap();
    assert!((5..8).contains(&time), "{time}");
    fixture.assert_no_violations();
}

#[tokio::test]
async fn denial_and_expiry_end_the_sign_in() {
    let (fixture, client) = start(DeviceGrant::new().errors(["expired_token"])).await;
    let (outcome, _) = sign_in(&fixture, &client).await;
    assert!(matches!(outcome, Err(Error::SignInExpired { .. })), "{outcome:?}");

    let (fixture, client) = start(DeviceGrant::new()).await;
    fixture.authorization_server.set_decision(Decision::Deny);
    let (outcome, _) = sign_in(&fixture, &client).await;
    let Err(Error::ErrorResponse { error, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error, "access_denied");

    // A server that does not report the expiry is not asked any more.
    let pending = ["authorization_pending"; 100];
    let grant = DeviceGrant::new().errors(pending).lifetime(Duration::from_secs(10));
    let (fixture, client) = start(grant).await;
    let (outcome, time) = sign_in(&fixture, &client).await;
    assert!(matches!(outcome, Err(Error::SignInExpired { .. })), "{outcome:?}");
    assert!((10..13).contains(&time), "{time}");
    assert!(fixture.authorization_server.count(OAuthEndpoint::Token) < 10);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn temporary_failures_are_retried_less_often_until_the_code_expires() {
    let (fixture, client) = start(DeviceGrant::new()).await;
    for _ in 0..2 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    }
    let (outcome, time) = sign_in(&fixture, &client).await;
    outcome.unwrap();
    // 1 + 2 + 4 seconds
    assert!((7..10).contains(&time), "{time}");

    let (fixture, client) = start(DeviceGrant::new().lifetime(Duration::from_secs(5))).await;
    for _ in 0..5 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    }
    let (outcome, _) = sign_in(&fixture, &client).await;
    assert!(matches!(outcome, Err(Error::Unreachable { .. })), "{outcome:?}");
}

#[tokio::test]
async fn unsafe_responses_are_not_shown() {
    let grant = DeviceGrant::new();
    for grant in [
        grant.clone().verification_uri("javascript:alert(1)"),
        grant.clone().verification_uri("ms-settings:privacy"),
        grant.clone().verification_uri("http://login.example/device"),
        grant.clone().user_code("a\u{1b}[2J"),
        grant.user_code("x".repeat(65)),
    ] {
        let (fixture, client) = start(grant.clone()).await;
        let error = begin(&fixture, &client).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{grant:?}: {error:?}");
    }
    let grant = DeviceGrant::new().complete_uri(false);
    let (fixture, client) = start(grant).await;
    assert_eq!(begin(&fixture, &client).await.unwrap().verification_uri_complete, None);
}

#[tokio::test]
async fn a_client_that_is_registered_for_a_browser_registers_again() {
    let (fixture, client) = start(DeviceGrant::new()).await;
    fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    let (outcome, _) = sign_in(&fixture, &client).await;
    outcome.unwrap();
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 2);
    // The new client can do both.
    fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 2);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn a_server_without_the_grant_is_named() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let error = begin(&fixture, &client).await.unwrap_err();
    let issuer = fixture.authorization_server.issuer();
    let expected = format!(
        "{issuer} offers no sign-in with a code: its metadata has no device authorization endpoint"
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 0);
}

#[tokio::test]
async fn a_pasted_text_is_checked_before_it_is_used() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let begin =
        || async { client.user("ann").begin_sign_in(&fixture.endpoint(), None).await.unwrap() };
    let (sign_in, other) = (begin().await, begin().await);
    let visit = |url: &str| fixture.authorization_server.visit(url).unwrap();
    let of_other = visit(other.authorization_url.as_str());
    let authorization_url = sign_in.authorization_url.as_str();
    for text in ["", "hello", "http://127.0.0.1:1/callback", &of_other, authorization_url] {
        let error = sign_in.pending.check_callback(text).unwrap_err();
        assert!(matches!(error, Error::InvalidCallback { .. }), "{text}: {error:?}");
    }
    let callback = visit(sign_in.authorization_url.as_str());
    let query = callback.split_once('?').unwrap().1;
    for text in [&*callback, query, &format!("  {callback}\r\n")] {
        sign_in.pending.check_callback(text).unwrap();
    }
    client.complete_sign_in(sign_in.pending, &format!(" {callback}\n")).await.unwrap();
}
