//! Servers that want more than a sign-in gave.

use mcp_http::{Reason, Unauthorized};
use mcp_oauth::{Error, OAuthClient, SignInReason};

use super::support::{World, params, shown};

fn wants(world: &World, scope: &str) -> Unauthorized {
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    world.unauthorized(Reason::InsufficientScope, &challenge)
}

/// Signs in for what a server wants; tells which scopes were asked for.
async fn step_up(world: &World, client: &OAuthClient, scope: &str) -> Result<String, Error> {
    let user = client.user("ann");
    let sign_in = user.begin(&world.endpoint(), Some(&wants(world, scope))).await?;
    let callback = world.callback(&sign_in);
    let asked_for = params(&sign_in.authorization_url)["scope"].clone();
    client.finish(sign_in.pending, &callback).await?;
    Ok(asked_for)
}

#[tokio::test]
async fn step_up_requests_the_union_of_scopes_without_a_refresh() {
    // AUTH-36, AUTH-37, AUTH-39, N-AUTH-11
    let world = World::start().await;
    let application = world.application();
    world.sign_in(&application).await;
    let user = application.user("ann");
    let old = world.token(&user).await.unwrap();
    let unauthorized = wants(&world, "write read");
    let error = world.after(&user, old.as_deref(), &unauthorized).await.unwrap_err();
    let Some(Error::SignInRequired { reason, .. }) = error.downcast_ref() else {
        panic!("{error:?}");
    };
    assert_eq!(*reason, SignInReason::InsufficientScope);
    assert_eq!(world.posted().await.len(), 1);
    assert_eq!(step_up(&world, &application, "write").await.unwrap(), "read write");
    let new = world.after(&user, old.as_deref(), &unauthorized).await.unwrap();
    assert_eq!(new.as_deref(), Some("5ecret-access-1"));
}

#[tokio::test]
async fn scope_that_was_not_granted_is_not_requested_again() {
    // AUTH-40
    let world = World::start().await;
    let application = world.application();
    world.sign_in(&application).await;
    step_up(&world, &application, "write").await.unwrap();
    for denied in ["write", "read write", ""] {
        let error = step_up(&world, &application, denied).await.unwrap_err();
        assert!(matches!(error, Error::ScopeNotGranted { .. }), "{error:?}");
        assert!(shown(&error).contains("wants a scope that a sign-in does not give"), "{error}");
    }
}

#[tokio::test]
async fn step_ups_are_limited_until_the_next_sign_in() {
    // AUTH-40
    let world = World::start().await;
    let application = world.application();
    world.sign_in(&application).await;
    for scope in ["a", "b", "c"] {
        step_up(&world, &application, scope).await.unwrap();
    }
    let error = step_up(&world, &application, "d").await.unwrap_err();
    assert!(matches!(error, Error::ScopeNotGranted { .. }), "{error:?}");
    // A sign-in from the beginning is always to be had.
    world.sign_in(&application).await;
    assert_eq!(step_up(&world, &application, "d").await.unwrap(), "d read");
}

#[tokio::test]
async fn first_sign_in_requests_the_scope_of_the_challenge() {
    // AUTH-35, AUTH-36, N-AUTH-10
    for (challenge, supported, scope) in [
        ("Bearer scope=\"b a\"", Some("read"), Some("a b")),
        ("Bearer", Some("read"), Some("read")),
        ("Bearer scope=\" \"", Some("read"), Some("read")),
        ("Bearer", None, None),
    ] {
        let world =
            World::with(|it| it.resource["scopes_supported"] = supported.map(|it| vec![it]).into())
                .await;
        let unauthorized = world.unauthorized(Reason::Missing, challenge);
        let user = world.application().user("ann");
        let sign_in = user.begin(&world.endpoint(), Some(&unauthorized)).await.unwrap();
        let sent = params(&sign_in.authorization_url);
        assert_eq!(sent.get("scope").map(String::as_str), scope);
    }
}
