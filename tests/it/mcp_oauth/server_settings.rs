//! Settings of one server that deviates from the specification.

use mcp_oauth::{Error, OAuthClient, OAuthSettings};
use serde_json::{Value, json};

use super::support::{OAuthMocks, error_text, query_params};

#[tokio::test]
async fn scopes_and_parameters_are_sent_as_configured() {
    let mocks = OAuthMocks::with_metadata(|it| {
        it.issuer["scopes_supported"] = json!(["read", "write", "offline_access"]);
    })
    .await;
    let settings = OAuthSettings::new()
        .scopes(["write"])
        .authorization_parameter("access_type", "offline")
        .resource("urn:our:api");
    let application = mocks.application_with(settings);
    let sign_in = mocks.begin(&application).await.unwrap();
    let sent = query_params(&sign_in.authorization_url);
    assert_eq!((&*sent["scope"], &*sent["access_type"]), ("write", "offline"));
    assert_eq!(sent["resource"], "urn:our:api");
    let callback = mocks.callback(&sign_in);
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    assert_eq!(mocks.token_requests().await[0]["resource"], "urn:our:api");
}

#[test]
fn parameters_of_the_protocol_cannot_be_set() {
    for name in ["state", "scope", "redirect_uri", "code_challenge", "resource"] {
        let settings = OAuthSettings::new().authorization_parameter(name, "x");
        let builder = OAuthClient::builder("Tests", "https://app.example/callback")
            .server_settings("https://mcp.example/mcp", settings);
        let error = builder.build().unwrap_err();
        assert!(matches!(&error, Error::Configuration { reason } if reason.contains(name)));
    }
}

#[tokio::test]
async fn resource_is_omitted_everywhere() {
    let mocks = OAuthMocks::with_token_lifetime(Some(0), |_| {}).await;
    let application = mocks.application_with(OAuthSettings::new().dangerously_omit_resource());
    let sign_in = mocks.begin(&application).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url).get("resource"), None);
    let callback = mocks.callback(&sign_in);
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    mocks.token(&application.user("ann")).await.unwrap();
    let forms = mocks.token_requests().await;
    assert!(forms.len() == 2 && forms.iter().all(|form| !form.contains_key("resource")));
}

#[tokio::test]
async fn pkce_is_assumed_only_if_configured() {
    let mocks = OAuthMocks::with_metadata(|it| {
        it.issuer["code_challenge_methods_supported"] = Value::Null;
    })
    .await;
    mocks.begin(&mocks.application()).await.unwrap_err();
    let application = mocks.application_with(OAuthSettings::new().dangerously_assume_pkce(true));
    let sign_in = mocks.begin(&application).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["code_challenge_method"], "S256");
}

#[tokio::test]
async fn another_issuer_is_accepted_for_one_server_only() {
    let other = "https://other.example";
    let mocks = OAuthMocks::with_metadata(|it| it.issuer["issuer"] = other.into()).await;
    let application =
        mocks.application_with(OAuthSettings::new().dangerously_accept_issuers([other]));
    let sign_in = mocks.begin(&application).await.unwrap();
    // The response names the issuer of the metadata, or the one that the server names.
    let own = mocks.callback(&sign_in);
    let named = mocks.issuer.uri().replace(':', "%3A").replace('/', "%2F");
    let callback = own.replace(&named, "https%3A%2F%2Fother.example");
    assert_ne!(callback, own);
    let credentials = application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    assert_eq!(credentials.issuer, mocks.issuer.uri());
    // The metadata is not cached for servers without the setting.
    let error = mocks.begin(&mocks.application()).await.unwrap_err();
    assert!(error_text(&error).contains(other), "{error}");
    let sign_in = mocks.begin(&application).await.unwrap();
    let evil = mocks.callback(&sign_in).replace(&named, "https%3A%2F%2Fevil.example");
    let error = application.complete_sign_in(sign_in.pending, &evil).await.unwrap_err();
    assert!(matches!(error, Error::InvalidCallback { .. }), "{error:?}");
}

#[tokio::test]
async fn configured_authorization_server_is_used() {
    let (mocks, other) = (OAuthMocks::start().await, OAuthMocks::start().await);
    mocks.resource.reset().await;
    let document = json!({
        "resource": mocks.endpoint().url().as_str(),
        "authorization_servers": [mocks.issuer.uri(), other.issuer.uri()],
    });
    let path = "/.well-known/oauth-protected-resource/mcp";
    super::support::mount(&mocks.resource, path, super::support::json_response(&document)).await;
    let settings = OAuthSettings::new().authorization_server(format!("{}/", other.issuer.uri()));
    let sign_in = mocks.begin(&mocks.application_with(settings)).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&other.issuer.uri()));
}
