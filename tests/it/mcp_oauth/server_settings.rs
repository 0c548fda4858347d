//! Settings of one server that deviates from the specification.

use mcp_http::UnauthorizedReason;
use mcp_oauth::{Error, OAuthClient, OAuthSettings, PreregisteredClient, TokenEndpointAuthMethod};
use serde_json::{Value, json};

use super::support::{OAuthMocks, error_text, json_response, mount, query_params};

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
    mount(&mocks.resource, path, json_response(&document)).await;
    let settings = OAuthSettings::new().authorization_server(format!("{}/", other.issuer.uri()));
    let sign_in = mocks.begin(&mocks.application_with(settings)).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&other.issuer.uri()));
}

#[tokio::test]
async fn client_of_the_settings_is_used() {
    let mocks = OAuthMocks::start().await;
    let settings = || OAuthSettings::new().client_id("by-hand").client_secret("5ecret-of-hand");
    let application = mocks.application_with(settings());
    mocks.sign_in(&application).await;
    // A server that lists no methods supports Basic.
    assert_eq!(mocks.token_requests().await[0].get("client_secret"), None);
    assert_eq!(mocks.request_count("/register").await, 0);
    let post = settings().token_endpoint_auth_method(TokenEndpointAuthMethod::ClientSecretPost);
    mocks.sign_in(&mocks.application_with(post)).await;
    assert_eq!(mocks.token_requests().await[1]["client_secret"], "5ecret-of-hand");
    let server = mocks.endpoint().url().to_string();
    let builder = mocks.builder().preregistered(&server, PreregisteredClient::new("other"));
    let error = builder.server_settings(server, settings()).build().unwrap_err();
    assert!(error_text(&error).contains("\"client_id\""), "{error}");
}

#[tokio::test]
async fn host_and_port_of_a_loopback_redirect_uri_are_as_configured() {
    let mocks = OAuthMocks::start().await;
    let settings = || OAuthSettings::new().redirect_host("localhost").redirect_port(3118);
    let credentials = mocks.sign_in(&mocks.application_with(settings())).await;
    let expected = "http://localhost:3118/callback";
    assert_eq!(credentials.registration.redirect_uri.as_deref(), Some(expected));
    assert_eq!(mocks.token_requests().await[0]["redirect_uri"], expected);
    let requests = mocks.issuer.received_requests().await.unwrap();
    let registration = requests.iter().find(|it| it.url.path() == "/register").unwrap();
    let registered: Value = registration.body_json().unwrap();
    assert_eq!(registered["redirect_uris"], json!([expected]));
    let by_hand = mocks.application_with(settings().client_id("by-hand"));
    let sign_in = mocks.begin(&by_hand).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["redirect_uri"], expected);
    // The callback of a web application is on another machine.
    let server = mocks.endpoint();
    let web = OAuthClient::builder("Tests", "https://app.example/callback")
        .server_settings(server.url().as_str(), settings())
        .build()
        .unwrap();
    let sign_in = mocks.begin(&web).await.unwrap();
    let sent = query_params(&sign_in.authorization_url);
    assert_eq!(sent["redirect_uri"], "https://app.example/callback");
}

#[tokio::test]
async fn endpoints_of_the_settings_replace_the_metadata() {
    let mocks = OAuthMocks::with_token_lifetime(Some(3600), |it| {
        it.resource["resource"] = "https://evil.example/mcp".into();
        it.resource["authorization_servers"] = json!(["https://evil.example"]);
    })
    .await;
    let issuer = mocks.issuer.uri();
    let settings = OAuthSettings::new()
        .client_id("by-hand")
        .endpoints(format!("{issuer}/authorize"), format!("{issuer}/token"));
    let error = mocks.begin(&mocks.application_with(settings.clone())).await.unwrap_err();
    let text = error_text(&error);
    assert!(
        text.contains("no metadata says") && text.contains("dangerously_assume_pkce"),
        "{text}"
    );
    let application = mocks.application_with(settings.dangerously_assume_pkce(true));
    let credentials = mocks.sign_in(&application).await;
    assert_eq!(credentials.issuer, issuer);
    assert_eq!(credentials.resource, mocks.endpoint().url().as_str());
    assert_eq!(mocks.request_count("/.well-known/oauth-authorization-server").await, 0);
    // The MCP server cannot choose another authorization server later.
    let user = application.user("ann");
    let token = mocks.token(&user).await.unwrap();
    let rejected = mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer");
    let refreshed = mocks.token_after_rejection(&user, token.as_deref(), &rejected).await.unwrap();
    assert!(refreshed.is_some() && refreshed != token);
}

#[tokio::test]
async fn metadata_is_fetched_from_the_url_of_the_settings() {
    let mocks = OAuthMocks::with_metadata(|it| {
        it.resource["authorization_servers"] = json!(["https://unreachable.invalid"]);
    })
    .await;
    let issuer = mocks.issuer.uri();
    let document = json!({
        "issuer": "https://other.example",
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "registration_endpoint": format!("{issuer}/register"),
        "code_challenge_methods_supported": ["S256"],
    });
    mount(&mocks.issuer, "/place", json_response(&document)).await;
    let settings = OAuthSettings::new().metadata_url(format!("{issuer}/place"));
    let sign_in = mocks.begin(&mocks.application_with(settings.clone())).await.unwrap();
    assert!(sign_in.authorization_url.as_str().starts_with(&issuer));
    let settings = settings.authorization_server(&issuer);
    let error = mocks.begin(&mocks.application_with(settings.clone())).await.unwrap_err();
    let text = error_text(&error);
    for part in [&*issuer, "https://other.example", "dangerously_accept_issuers"] {
        assert!(text.contains(part), "{text}");
    }
    let settings = settings.dangerously_accept_issuers(["https://other.example"]);
    let credentials = mocks.sign_in(&mocks.application_with(settings)).await;
    assert_eq!(credentials.issuer, issuer);
    let missing = OAuthSettings::new().metadata_url(format!("{issuer}/missing"));
    let error = mocks.begin(&mocks.application_with(missing)).await.unwrap_err();
    assert!(error_text(&error).contains("/missing"), "{error}");
}

#[tokio::test]
async fn authorization_server_that_the_server_does_not_name_is_an_error() {
    let mocks = OAuthMocks::start().await;
    let settings = OAuthSettings::new().authorization_server("https://other.example");
    let error = mocks.begin(&mocks.application_with(settings)).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    let text = error_text(&error);
    for part in [&*mocks.issuer.uri(), "https://other.example", "\"authorization_server\""] {
        assert!(text.contains(part), "{text}");
    }
}
