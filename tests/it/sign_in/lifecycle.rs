//! The lifecycle of a sign-in, as the application and its servers see it.

use mcp_testkit::{AuthorizationServer, MetadataLocation, OAuthEndpoint, Reply, Rotation};
use relay::{Error, UnauthorizedReason};
use serde_json::json;

use super::support::{OAuthFixture, client_builder};

#[tokio::test]
async fn sign_in_refresh_revocation_and_second_sign_in() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");

    let error = fixture.call(&alice).await.unwrap_err();
    assert!(
        matches!(&error, Error::Authorization(it) if it.unauthorized.reason == UnauthorizedReason::Missing)
    );
    fixture.sign_in(&client, &alice).await.unwrap();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");

    // The access token expires during a session and is refreshed.
    fixture.authorization_server.expire_access_tokens();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);

    // There is no refresh token left.
    fixture.authorization_server.revoke_refresh_tokens();
    fixture.authorization_server.expire_access_tokens();
    let calls = fixture.server.count("tools/call");
    let error = fixture.call(&alice).await.unwrap_err();
    let Error::Authorization(error) = error else { panic!("{error:?}") };
    assert_eq!(error.unauthorized.reason, UnauthorizedReason::Rejected);
    let message = std::error::Error::source(&error.unauthorized).unwrap().to_string();
    assert!(
        message.starts_with("the refresh token has expired or was revoked; sign in to "),
        "{message}"
    );

    fixture.sign_in(&client, &alice).await.unwrap();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
    assert!(fixture.server.count("tools/call") > calls);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn concurrent_calls_refresh_once() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let tools = fixture.user(&alice).tools("s").await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    let calls = (0..20).map(|_| tools.call("greet", ()));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(outcome.unwrap().text(), "hello");
    }
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
    fixture.assert_no_violations();
}

#[tokio::test]
async fn temporary_refresh_failure_keeps_the_user_signed_in() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    // The list is retried twice.
    for _ in 0..3 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    }
    fixture.call(&alice).await.unwrap_err();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
    fixture.assert_no_violations();
}

#[tokio::test]
async fn sign_out_revokes_the_tokens_at_the_server() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    let credentials = fixture.sign_in(&client, &alice).await.unwrap();
    alice.sign_out(&fixture.endpoint()).await.unwrap();
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Revocation), 1);
    let kept = client.user("alice");
    assert!(matches!(fixture.call(&kept).await, Err(Error::Authorization(_))));
    // A copy of the access token is rejected.
    let relay = relay::Relay::builder()
        .server("s", relay::Server::http(fixture.server.url()))
        .build()
        .unwrap();
    let copied = relay.with_token(credentials.access_token.expose()).tools("s").await;
    assert!(matches!(copied, Err(Error::Authorization(_))));
    fixture.assert_no_violations();
}

#[tokio::test]
async fn metadata_is_found_at_every_standard_location() {
    // AUTH-16, AUTH-17, AUTH-18, N-AUTH-02
    use MetadataLocation::{OAuth, OpenId, OpenIdAppended};
    for (path, location) in
        [("", OAuth), ("", OpenId), ("/t", OAuth), ("/t", OpenId), ("/t", OpenIdAppended)]
    {
        let authorization_server =
            AuthorizationServer::builder().issuer_path(path).metadata_location(location);
        let fixture = OAuthFixture::with_authorization_server(authorization_server).await;
        let client = client_builder().build().unwrap();
        let alice = client.user("alice");
        fixture.sign_in(&client, &alice).await.unwrap();
        assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello", "{path:?} {location:?}");
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn unrotated_refresh_tokens_are_used_again() {
    for rotation in [Rotation::Never, Rotation::Lenient] {
        let fixture = OAuthFixture::with_authorization_server(
            AuthorizationServer::builder().rotation(rotation),
        )
        .await;
        let client = client_builder().build().unwrap();
        let alice = client.user("alice");
        fixture.sign_in(&client, &alice).await.unwrap();
        for _ in 0..3 {
            fixture.authorization_server.expire_access_tokens();
            assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello", "{rotation:?}");
        }
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn client_removed_by_the_server_registers_again() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    fixture.authorization_server.remove_clients();
    fixture.authorization_server.expire_access_tokens();
    assert!(matches!(fixture.call(&alice).await, Err(Error::Authorization(_))));
    fixture.sign_in(&client, &alice).await.unwrap();
    assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 2);
    // The only violation is the unknown client id.
    assert_eq!(fixture.authorization_server.violations(), ["token: unknown client"]);
}

#[tokio::test]
async fn tools_belong_to_the_signed_in_user() {
    let authorization_server = AuthorizationServer::builder().subject("bob").start().await.unwrap();
    let secret = mcp_testkit::TestTool::new("secret", json!({ "type": "object" }), |_| {
        mcp_testkit::CallResult::text("of bob")
    });
    let server = mcp_testkit::TestServer::builder()
        .bearer(mcp_testkit::Bearer::issued_by(&authorization_server))
        .tools_for("bob", [secret])
        .start()
        .await
        .unwrap();
    let client = client_builder().build().unwrap();
    let bob = client.user("bob");
    let endpoint = mcp_http::Endpoint::parse(server.url()).unwrap();
    let sign_in = bob.begin_sign_in(&endpoint, None).await.unwrap();
    let callback = authorization_server.visit(sign_in.authorization_url.as_str()).unwrap();
    client.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    let relay = relay::Relay::builder().server("s", relay::Server::http(server.url())).build();
    let tools = relay.unwrap().for_user("bob", bob).tools("s").await.unwrap();
    assert_eq!(tools.call("secret", ()).await.unwrap().text(), "of bob");
}

#[tokio::test]
async fn requests_to_the_authorization_server_have_a_user_agent() {
    let fixture = OAuthFixture::start().await;
    let client = client_builder().build().unwrap();
    let alice = client.user("alice");
    fixture.sign_in(&client, &alice).await.unwrap();
    let library = concat!("relay/", env!("CARGO_PKG_VERSION"));
    for endpoint in [OAuthEndpoint::Metadata, OAuthEndpoint::Registration, OAuthEndpoint::Token] {
        let requests = fixture.authorization_server.requests(endpoint);
        assert!(!requests.is_empty(), "{endpoint:?}");
        for request in requests {
            assert_eq!(request.headers()["user-agent"], library, "{endpoint:?}");
        }
    }
}
