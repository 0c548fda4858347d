//! What belongs to one authorization server is never shown to another.

use mcp_http::Reason;
use mcp_oauth::{Error, RegisteredClient, SignInReason};
use serde_json::json;

use super::support::{World, ok, params, serve, shown};

/// Lets the server of `world` name the authorization server of another one.
async fn move_to(world: &World, other: &World) {
    world.resource.reset().await;
    let document = json!({
        "resource": world.endpoint().url().as_str(),
        "authorization_servers": [other.issuer.uri()],
    });
    serve(&world.resource, "/.well-known/oauth-protected-resource/mcp", ok(&document)).await;
}

#[tokio::test]
async fn refresh_token_is_not_sent_to_a_new_issuer() {
    // N-AUTH-14: credentials of one issuer used at another
    let (world, other) = (World::start().await, World::start().await);
    let application = world.application();
    world.sign_in(&application).await;
    let user = application.user("ann");
    let token = world.token(&user).await.unwrap();
    move_to(&world, &other).await;
    let unauthorized = world.unauthorized(Reason::Rejected, "Bearer");
    let error = world.after(&user, token.as_deref(), &unauthorized).await.unwrap_err();
    let reason = match error.downcast_ref() {
        Some(Error::SignInRequired { reason, .. }) => *reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, SignInReason::OtherAuthorizationServer);
    assert_eq!((world.posted().await.len(), other.posted().await.len()), (1, 0));
    // The application registers there, and is not known by its old name.
    let sign_in = user.begin(&world.endpoint(), Some(&unauthorized)).await.unwrap();
    assert_eq!(other.asked("/register").await, 1);
    let tokens = json!({ "access_token": "5ecret-other", "token_type": "bearer" });
    other.next_answer(ok(&tokens)).await;
    let callback = other.callback(&sign_in);
    application.finish(sign_in.pending, &callback).await.unwrap();
    let refused = world.after(&user, token.as_deref(), &unauthorized).await.unwrap();
    assert_eq!(refused.as_deref(), Some("5ecret-other"));
    let seen = other.issuer.received_requests().await.unwrap();
    assert!(seen.iter().all(|it| !String::from_utf8_lossy(&it.body).contains("5ecret-refresh")));
}

#[tokio::test]
async fn preregistered_client_is_not_used_at_another_issuer() {
    // N-AUTH-14: it fails loudly
    let (world, other) = (World::start().await, World::start().await);
    let named = RegisteredClient::new("ours").with_issuer(world.issuer.uri());
    for client in [RegisteredClient::new("ours"), named] {
        move_to(&world, &world).await;
        let application = world.builder().registered(world.endpoint().url().as_str(), client);
        let application = application.build().unwrap();
        let sign_in = world.begin(&application).await.unwrap();
        assert_eq!(params(&sign_in.authorization_url)["client_id"], "ours");
        move_to(&world, &other).await;
        let error = world.begin(&application).await.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        let text = shown(&error);
        assert!(text.contains(&world.issuer.uri()) && text.contains(&other.issuer.uri()), "{text}");
    }
    let seen = other.issuer.received_requests().await.unwrap();
    assert!(seen.iter().all(|it| it.method == http::Method::GET && it.url.query().is_none()));
}

#[tokio::test]
async fn preregistered_issuer_is_chosen_among_several() {
    // AUTH-15
    let (world, other) = (World::start().await, World::start().await);
    world.resource.reset().await;
    let document = json!({
        "resource": world.endpoint().url().as_str(),
        "authorization_servers": [other.issuer.uri(), world.issuer.uri()],
    });
    serve(&world.resource, "/.well-known/oauth-protected-resource/mcp", ok(&document)).await;
    let client = RegisteredClient::new("ours").with_issuer(world.issuer.uri());
    let server = world.endpoint();
    let application = world.builder().registered(server.url().as_str(), client).build().unwrap();
    let sign_in = world.begin(&application).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&world.issuer.uri()));
    let sign_in = world.begin(&world.application()).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&other.issuer.uri()));
}

#[tokio::test]
async fn configured_issuer_is_used_without_metadata() {
    // AUTH-13
    let world = World::start().await;
    world.resource.reset().await;
    let client = RegisteredClient::new("ours").with_issuer(world.issuer.uri());
    let server = world.endpoint();
    let application = world.builder().registered(server.url().as_str(), client).build().unwrap();
    let sign_in = world.begin(&application).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&world.issuer.uri()));
    let sent = params(&sign_in.authorization_url);
    assert_eq!((&*sent["client_id"], &*sent["resource"]), ("ours", server.url().as_str()));
}
