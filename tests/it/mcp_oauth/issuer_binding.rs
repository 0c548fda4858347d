//! Clients and tokens of one authorization server are not used at another.

use mcp_http::UnauthorizedReason;
use mcp_oauth::{Error, PreregisteredClient, SignInReason};
use serde_json::json;

use super::support::{OAuthMocks, error_text, json_response, mount, query_params};

/// Makes the server of `mocks` name the authorization server of `other`.
async fn change_issuer(mocks: &OAuthMocks, other: &OAuthMocks) {
    mocks.resource.reset().await;
    let document = json!({
        "resource": mocks.endpoint().url().as_str(),
        "authorization_servers": [other.issuer.uri()],
    });
    mount(&mocks.resource, "/.well-known/oauth-protected-resource/mcp", json_response(&document))
        .await;
}

#[tokio::test]
async fn refresh_token_is_not_sent_to_a_new_issuer() {
    // N-AUTH-14: credentials of one issuer used at another
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    let application = mocks.application();
    mocks.sign_in(&application).await;
    let user = application.user("ann");
    let token = mocks.token(&user).await.unwrap();
    change_issuer(&mocks, &other).await;
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer");
    let error =
        mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap_err();
    let reason = match error.downcast_ref() {
        Some(Error::SignInRequired { reason, .. }) => *reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, SignInReason::AuthorizationServerChanged);
    assert_eq!((mocks.token_requests().await.len(), other.token_requests().await.len()), (1, 0));
    // The application registers there, and does not use its old client id.
    let sign_in = user.begin_sign_in(&mocks.endpoint(), Some(&unauthorized)).await.unwrap();
    assert_eq!(other.request_count("/register").await, 1);
    let tokens = json!({ "access_token": "5ecret-other", "token_type": "bearer" });
    other.respond_once(json_response(&tokens)).await;
    let callback = other.callback(&sign_in);
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    let token = mocks.token_after_rejection(&user, token.as_deref(), &unauthorized).await.unwrap();
    assert_eq!(token.as_deref(), Some("5ecret-other"));
    let seen = other.issuer.received_requests().await.unwrap();
    assert!(seen.iter().all(|it| !String::from_utf8_lossy(&it.body).contains("5ecret-refresh")));
}

#[tokio::test]
async fn preregistered_client_is_not_used_at_another_issuer() {
    // N-AUTH-14: the error is explicit
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    let named = PreregisteredClient::new("ours").with_issuer(mocks.issuer.uri());
    for client in [PreregisteredClient::new("ours"), named] {
        change_issuer(&mocks, &mocks).await;
        let application = mocks.builder().preregistered(mocks.endpoint().url().as_str(), client);
        let application = application.build().unwrap();
        let sign_in = mocks.begin(&application).await.unwrap();
        assert_eq!(query_params(&sign_in.authorization_url)["client_id"], "ours");
        change_issuer(&mocks, &other).await;
        let error = mocks.begin(&application).await.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        let text = error_text(&error);
        assert!(text.contains(&mocks.issuer.uri()) && text.contains(&other.issuer.uri()), "{text}");
    }
    let seen = other.issuer.received_requests().await.unwrap();
    assert!(seen.iter().all(|it| it.method == http::Method::GET && it.url.query().is_none()));
}

#[tokio::test]
async fn preregistered_client_stays_bound_if_registrations_are_forgotten() {
    // N-AUTH-14
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    let (server, client) = (mocks.endpoint(), PreregisteredClient::new("ours"));
    let application = mocks.builder().preregistered(server.url().as_str(), client);
    let application = application.build().unwrap();
    mocks.begin(&application).await.unwrap();
    application.forget_registration(&server).await.unwrap();
    change_issuer(&mocks, &other).await;
    let error = mocks.begin(&application).await.unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
}

#[tokio::test]
async fn preregistered_issuer_is_chosen_among_several() {
    // AUTH-15
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    mocks.resource.reset().await;
    let document = json!({
        "resource": mocks.endpoint().url().as_str(),
        "authorization_servers": [other.issuer.uri(), mocks.issuer.uri()],
    });
    mount(&mocks.resource, "/.well-known/oauth-protected-resource/mcp", json_response(&document))
        .await;
    let client = PreregisteredClient::new("ours").with_issuer(mocks.issuer.uri());
    let server = mocks.endpoint();
    let application = mocks.builder().preregistered(server.url().as_str(), client).build().unwrap();
    let sign_in = mocks.begin(&application).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&mocks.issuer.uri()));
    let sign_in = mocks.begin(&mocks.application()).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&other.issuer.uri()));
}

#[tokio::test]
async fn configured_issuer_is_used_without_metadata() {
    // AUTH-13
    let mocks = OAuthMocks::start().await;
    mocks.resource.reset().await;
    let client = PreregisteredClient::new("ours").with_issuer(mocks.issuer.uri());
    let server = mocks.endpoint();
    let application = mocks.builder().preregistered(server.url().as_str(), client).build().unwrap();
    let sign_in = mocks.begin(&application).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&mocks.issuer.uri()));
    let sent = query_params(&sign_in.authorization_url);
    assert_eq!((&*sent["client_id"], &*sent["resource"]), ("ours", server.url().as_str()));
}
