//! Servers that require more scopes than a sign-in has granted.

use mcp_http::{Unauthorized, UnauthorizedReason};
use mcp_oauth::{Error, OAuthClient, SignInReason};

use super::support::{OAuthMocks, error_text, query_params};

fn insufficient_scope(mocks: &OAuthMocks, scope: &str) -> Unauthorized {
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    mocks.unauthorized(UnauthorizedReason::InsufficientScope, &challenge)
}

/// Signs in for the scope that a server requires. Returns the requested scopes.
async fn step_up(mocks: &OAuthMocks, client: &OAuthClient, scope: &str) -> Result<String, Error> {
    let user = client.user("ann");
    let sign_in =
        user.begin_sign_in(&mocks.endpoint(), Some(&insufficient_scope(mocks, scope))).await?;
    let callback = mocks.callback(&sign_in);
    let asked_for = query_params(&sign_in.authorization_url)["scope"].clone();
    client.complete_sign_in(sign_in.pending, &callback).await?;
    Ok(asked_for)
}

#[tokio::test]
async fn step_up_requests_the_union_of_scopes_without_a_refresh() {
    // AUTH-36, AUTH-37, AUTH-39, N-AUTH-11
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    let user = application.user("ann");
    let old = mocks.token(&user).await.unwrap();
    let unauthorized = insufficient_scope(&mocks, "write read");
    let error =
        mocks.token_after_rejection(&user, old.as_deref(), &unauthorized).await.unwrap_err();
    let Some(Error::SignInRequired { reason, .. }) = error.downcast_ref() else {
        panic!("{error:?}");
    };
    assert_eq!(*reason, SignInReason::InsufficientScope);
    assert_eq!(mocks.token_requests().await.len(), 1);
    assert_eq!(step_up(&mocks, &application, "write").await.unwrap(), "read write");
    let new = mocks.token_after_rejection(&user, old.as_deref(), &unauthorized).await.unwrap();
    assert_eq!(new.as_deref(), Some("5ecret-access-1"));
}

#[tokio::test]
async fn scope_that_was_not_granted_is_not_requested_again() {
    // AUTH-40
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    step_up(&mocks, &application, "write").await.unwrap();
    for denied in ["write", "read write", ""] {
        let error = step_up(&mocks, &application, denied).await.unwrap_err();
        assert!(matches!(error, Error::ScopeNotGranted { .. }), "{error:?}");
        assert!(
            error_text(&error).contains("requires scopes that a sign-in does not grant"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn step_ups_are_limited_until_the_next_sign_in() {
    // AUTH-40
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    for scope in ["a", "b", "c"] {
        step_up(&mocks, &application, scope).await.unwrap();
    }
    let error = step_up(&mocks, &application, "d").await.unwrap_err();
    assert!(matches!(error, Error::ScopeNotGranted { .. }), "{error:?}");
    // A new sign-in from the beginning is always possible.
    mocks.sign_in(&application).await;
    assert_eq!(step_up(&mocks, &application, "d").await.unwrap(), "d read");
}

#[tokio::test]
async fn required_scopes_are_kept_for_the_next_sign_in() {
    let mocks = OAuthMocks::start().await;
    mocks.sign_in(&mocks.application()).await;
    let unauthorized = insufficient_scope(&mocks, "write");
    let token = Some("5ecret-access-0");
    for _ in 0..2 {
        let user = mocks.application().user("ann");
        let error = mocks.token_after_rejection(&user, token, &unauthorized).await.unwrap_err();
        assert!(error.to_string().starts_with("the access token lacks"), "{error}");
    }
    // Another process signs in, and knows only that a token is required.
    let application = mocks.application();
    let missing = mocks.unauthorized(UnauthorizedReason::Missing, "Bearer scope=read");
    let user = application.user("ann");
    let sign_in = user.begin_sign_in(&mocks.endpoint(), Some(&missing)).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["scope"], "read write");
    let callback = mocks.callback(&sign_in);
    let scope = serde_json::json!({ "access_token": "5ecret-narrow", "scope": "read" });
    mocks.respond_once(super::support::json_response(&scope)).await;
    let credentials = application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    assert_eq!(credentials.granted_scopes.iter().collect::<Vec<_>>(), ["read"]);
    // The sign-in did not grant the scope, so another one would not help.
    let token = Some("5ecret-narrow");
    let error = mocks.token_after_rejection(&user, token, &unauthorized).await.unwrap_err();
    assert!(
        matches!(super::support::oauth_error(&error), Error::ScopeNotGranted { .. }),
        "{error:?}"
    );
    // A new sign-in from the beginning is always possible.
    let sign_in = user.begin_sign_in(&mocks.endpoint(), Some(&missing)).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["scope"], "read");
}

#[tokio::test]
async fn granted_scopes_are_the_requested_ones_unless_the_server_names_others() {
    let mocks = OAuthMocks::with_token_lifetime(Some(0), |_| {}).await;
    let application = mocks.application();
    let credentials = mocks.sign_in(&application).await;
    assert_eq!(credentials.granted_scopes.iter().collect::<Vec<_>>(), ["read"]);
    let response = serde_json::json!({ "access_token": "5ecret-new", "scope": "read extra" });
    mocks.respond_once(super::support::json_response(&response)).await;
    mocks.token(&application.user("ann")).await.unwrap();
    let key =
        mcp_oauth::StoreKey::new(Some("ann"), mocks.endpoint().url().as_str(), mocks.issuer.uri());
    let stored = mcp_oauth::Store::load(&mocks.store, &key).await.unwrap();
    let Some(mcp_oauth::Record::Credentials(stored)) = stored else { panic!("{stored:?}") };
    assert_eq!(stored.granted_scopes.iter().collect::<Vec<_>>(), ["extra", "read"]);
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
        let mocks = OAuthMocks::with_metadata(|it| {
            it.resource["scopes_supported"] = supported.map(|it| vec![it]).into();
        })
        .await;
        let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, challenge);
        let user = mocks.application().user("ann");
        let sign_in = user.begin_sign_in(&mocks.endpoint(), Some(&unauthorized)).await.unwrap();
        let sent = query_params(&sign_in.authorization_url);
        assert_eq!(sent.get("scope").map(String::as_str), scope);
    }
}
