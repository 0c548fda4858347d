//! The life of a sign-in, as the application and its servers see it.

use mcp_testkit::{AuthorizationServer, MetadataLocation, OAuthEndpoint, Reply, Rotation};
use relay::{Error, Reason};
use serde_json::json;

use super::support::{World, application};

#[tokio::test]
async fn sign_in_refresh_revocation_and_second_sign_in() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");

    let refused = world.call(&alice).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Authorization(it) if it.unauthorized.reason == Reason::Missing)
    );
    world.sign_in(&client, &alice).await.unwrap();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");

    // The token expires in the middle of a session, and nobody notices.
    world.accounts.expire_access_tokens();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);

    // Now there is nothing to refresh with.
    world.accounts.revoke_refresh_tokens();
    world.accounts.expire_access_tokens();
    let calls = world.server.count("tools/call");
    let refused = world.call(&alice).await.unwrap_err();
    let Error::Authorization(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.unauthorized.reason, Reason::Rejected);
    let said = std::error::Error::source(&refused.unauthorized).unwrap().to_string();
    assert!(said.starts_with("the sign-in has expired or was revoked: sign in to "), "{said}");

    world.sign_in(&client, &alice).await.unwrap();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");
    assert!(world.server.count("tools/call") > calls);
    world.assert_no_violations();
}

#[tokio::test]
async fn concurrent_calls_refresh_once() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    let tools = world.user(&alice).tools("s").await.unwrap();
    world.accounts.expire_access_tokens();
    let calls = (0..20).map(|_| tools.call("greet", ()));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(outcome.unwrap().text(), "hello");
    }
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);
    world.assert_no_violations();
}

#[tokio::test]
async fn temporary_refresh_failure_keeps_the_user_signed_in() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    world.accounts.expire_access_tokens();
    world.accounts.script(OAuthEndpoint::Token, Reply::status(503));
    world.call(&alice).await.unwrap_err();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");
    world.assert_no_violations();
}

#[tokio::test]
async fn sign_out_revokes_the_tokens_at_the_server() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    let credentials = world.sign_in(&client, &alice).await.unwrap();
    alice.sign_out(&world.endpoint()).await.unwrap();
    assert_eq!(world.accounts.count(OAuthEndpoint::Revocation), 1);
    let kept = client.user("alice");
    assert!(matches!(world.call(&kept).await, Err(Error::Authorization(_))));
    // Whoever has kept a copy of the access token has nothing.
    let relay = relay::Relay::builder()
        .server("s", relay::Server::http(world.server.url()))
        .build()
        .unwrap();
    let copied = relay.with_token(credentials.access_token.expose()).tools("s").await;
    assert!(matches!(copied, Err(Error::Authorization(_))));
    world.assert_no_violations();
}

#[tokio::test]
async fn metadata_is_found_at_every_standard_location() {
    // AUTH-16, AUTH-17, AUTH-18, N-AUTH-02
    use MetadataLocation::{OAuth, OpenId, OpenIdAppended};
    for (path, location) in
        [("", OAuth), ("", OpenId), ("/t", OAuth), ("/t", OpenId), ("/t", OpenIdAppended)]
    {
        let accounts = AuthorizationServer::builder().issuer_path(path).metadata_location(location);
        let world = World::with(accounts).await;
        let client = application().build().unwrap();
        let alice = client.user("alice");
        world.sign_in(&client, &alice).await.unwrap();
        assert_eq!(world.call(&alice).await.unwrap().text(), "hello", "{path:?} {location:?}");
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn unrotated_refresh_tokens_are_used_again() {
    for rotation in [Rotation::Never, Rotation::Lenient] {
        let world = World::with(AuthorizationServer::builder().rotation(rotation)).await;
        let client = application().build().unwrap();
        let alice = client.user("alice");
        world.sign_in(&client, &alice).await.unwrap();
        for _ in 0..3 {
            world.accounts.expire_access_tokens();
            assert_eq!(world.call(&alice).await.unwrap().text(), "hello", "{rotation:?}");
        }
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn client_forgotten_by_the_server_registers_again() {
    let world = World::start().await;
    let client = application().build().unwrap();
    let alice = client.user("alice");
    world.sign_in(&client, &alice).await.unwrap();
    world.accounts.forget_clients();
    world.accounts.expire_access_tokens();
    assert!(matches!(world.call(&alice).await, Err(Error::Authorization(_))));
    world.sign_in(&client, &alice).await.unwrap();
    assert_eq!(world.call(&alice).await.unwrap().text(), "hello");
    assert_eq!(world.accounts.count(OAuthEndpoint::Registration), 2);
    // That it came with an id which was no longer known is all that there is to complain of.
    assert_eq!(world.accounts.violations(), ["token: an unknown client"]);
}

#[tokio::test]
async fn tools_belong_to_the_signed_in_user() {
    let accounts = AuthorizationServer::builder().subject("bob").start().await.unwrap();
    let secret = mcp_testkit::Tool::new("secret", json!({ "type": "object" }), |_| {
        mcp_testkit::CallAnswer::text("of bob")
    });
    let server = mcp_testkit::TestServer::builder()
        .bearer(mcp_testkit::Bearer::issued_by(&accounts))
        .tools_for("bob", [secret])
        .start()
        .await
        .unwrap();
    let client = application().build().unwrap();
    let bob = client.user("bob");
    let endpoint = mcp_http::Endpoint::parse(server.url()).unwrap();
    let sign_in = bob.begin(&endpoint, None).await.unwrap();
    let callback = accounts.visit(sign_in.authorization_url.as_str()).unwrap();
    client.finish(sign_in.pending, &callback).await.unwrap();
    let relay = relay::Relay::builder().server("s", relay::Server::http(server.url())).build();
    let tools = relay.unwrap().for_user("bob", bob).tools("s").await.unwrap();
    assert_eq!(tools.call("secret", ()).await.unwrap().text(), "of bob");
}
