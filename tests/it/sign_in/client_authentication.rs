//! Client authentication at the token endpoint, and servers whose metadata does not match.

use mcp_oauth::{
    Error, MemoryStore, OAuthClientBuilder, PreregisteredClient, Record, Store, StoreKey,
    TokenEndpointAuthMethod,
};
use mcp_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, KnownClient, OAuthEndpoint, Reply,
};

use super::support::{OAuthFixture, client_builder};

/// A secret with characters that need encoding in a header, in a form or in both.
const SECRET: &str = "p+w:d/=~ \u{e9}%41&";

/// A server with these methods in its metadata, that knows a client with a secret.
fn server_with_client(methods: &[&str]) -> AuthorizationServerBuilder {
    let client = KnownClient::new("by hand").secret(SECRET);
    let client = client.redirect_uri("http://127.0.0.1/callback");
    AuthorizationServer::builder().auth_methods(methods.iter().copied()).client(client)
}

fn by_hand() -> PreregisteredClient {
    PreregisteredClient::new("by hand").with_secret(SECRET)
}

fn builder_with(fixture: &OAuthFixture, client: PreregisteredClient) -> OAuthClientBuilder {
    client_builder().preregistered(fixture.server.url(), client)
}

#[tokio::test]
async fn one_method_is_used_for_each_request() {
    for methods in [&["client_secret_basic"][..], &["client_secret_post"]] {
        let server = server_with_client(methods).client_id_with_basic(false);
        let fixture = OAuthFixture::with_authorization_server(server).await;
        let client = builder_with(&fixture, by_hand()).build().unwrap();
        let ann = client.user("ann");
        fixture.sign_in(&client, &ann).await.unwrap();
        fixture.authorization_server.expire_access_tokens();
        fixture.call(&ann).await.unwrap();
        ann.sign_out(&fixture.endpoint()).await.unwrap();
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Revocation), 1);
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn client_secret_post_is_preferred() {
    let methods = ["client_secret_basic", "client_secret_post"];
    let fixture = OAuthFixture::with_authorization_server(server_with_client(&methods)).await;
    let client = builder_with(&fixture, by_hand()).build().unwrap();
    fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    let requests = fixture.authorization_server.requests(OAuthEndpoint::Token);
    assert_eq!(requests[0].header("authorization"), None);
}

#[tokio::test]
async fn the_other_method_is_tried_once_and_remembered() {
    let (basic, post) = ("client_secret_basic", "client_secret_post");
    for (listed, accepted) in [(basic, post), (post, basic)] {
        let server = server_with_client(&[listed]).accepted_auth_methods([accepted]);
        let fixture = OAuthFixture::with_authorization_server(server).await;
        let token_requests = || fixture.authorization_server.count(OAuthEndpoint::Token);
        for client in [by_hand(), by_hand().with_issuer(fixture.authorization_server.issuer())] {
            let store = MemoryStore::new();
            let before = token_requests();
            let builder = || builder_with(&fixture, client.clone()).store(store.clone());
            let client = builder().build().unwrap();
            fixture.sign_in(&client, &client.user("ann")).await.unwrap();
            assert_eq!(token_requests(), before + 2);
            fixture.authorization_server.expire_access_tokens();
            fixture.call(&client.user("ann")).await.unwrap();
            assert_eq!(token_requests(), before + 3);
            // Another process knows the method, too.
            let client = builder().build().unwrap();
            fixture.sign_in(&client, &client.user("bob")).await.unwrap();
            assert_eq!(token_requests(), before + 4);
        }
        let message = "token: the client authentication method is not accepted";
        assert_eq!(fixture.authorization_server.violations(), [message, message]);
    }
}

#[tokio::test]
async fn a_method_that_changes_is_found_during_a_refresh() {
    let methods = ["client_secret_basic", "client_secret_post"];
    let server = server_with_client(&methods).accepted_auth_methods(["client_secret_basic"]);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let store = MemoryStore::new();
    let client = builder_with(&fixture, by_hand()).store(store.clone()).build().unwrap();
    let ann = client.user("ann");
    fixture.sign_in(&client, &ann).await.unwrap();
    // The stored credentials are from a time at which the server accepted the other method.
    let (server, issuer) = (fixture.server.url(), fixture.authorization_server.issuer());
    let key = StoreKey::new(Some("ann"), server, issuer);
    let Some(Record::Credentials(mut stored)) = store.load(&key).await.unwrap() else { panic!() };
    assert_eq!(stored.registration.auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
    stored.registration.auth_method = TokenEndpointAuthMethod::ClientSecretPost;
    store.save(&key, &Record::Credentials(stored)).await.unwrap();
    fixture.authorization_server.expire_access_tokens();
    fixture.call(&ann).await.unwrap();
    let Some(Record::Credentials(stored)) = store.load(&key).await.unwrap() else { panic!() };
    assert_eq!(stored.registration.auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 4);
}

#[tokio::test]
async fn a_configured_method_is_used_without_alternatives() {
    let server = server_with_client(&["client_secret_post"]);
    let server = server.accepted_auth_methods(["client_secret_post"]);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let client = by_hand().with_auth_method(TokenEndpointAuthMethod::ClientSecretBasic);
    let client = builder_with(&fixture, client).build().unwrap();
    let error = fixture.sign_in(&client, &client.user("ann")).await.unwrap_err();
    assert!(
        matches!(&error, Error::ErrorResponse { error, .. } if error == "invalid_client"),
        "{error:?}"
    );
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 1);
}

#[tokio::test]
async fn a_code_is_not_sent_again_after_other_errors() {
    let server = server_with_client(&["client_secret_basic", "client_secret_post"]);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    for error in ["invalid_grant", "invalid_target", "unauthorized_client"] {
        let response = Reply::status(400).chunk(format!(r#"{{"error":"{error}"}}"#));
        fixture.authorization_server.script(OAuthEndpoint::Token, response);
        let before = fixture.authorization_server.count(OAuthEndpoint::Token);
        let client = builder_with(&fixture, by_hand()).build().unwrap();
        fixture.sign_in(&client, &client.user("ann")).await.unwrap_err();
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), before + 1);
    }
}

#[tokio::test]
async fn a_client_without_a_secret_is_public_whatever_the_metadata_lists() {
    let client = KnownClient::new("public").redirect_uri("http://127.0.0.1/callback");
    let server = AuthorizationServer::builder().auth_methods(["client_secret_basic"]);
    let server = server.client(client);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let client = builder_with(&fixture, PreregisteredClient::new("public")).build().unwrap();
    fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    fixture.assert_no_violations();
}

#[tokio::test]
async fn a_web_application_registers_with_client_secret_post() {
    let server = AuthorizationServer::builder().client_id_with_basic(false);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let redirect_uri = "https://app.example/callback";
    let client = mcp_oauth::OAuthClient::builder("Tests", redirect_uri).build().unwrap();
    let credentials = fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    let method = credentials.registration.auth_method;
    assert_eq!(method, TokenEndpointAuthMethod::ClientSecretPost);
    assert!(credentials.registration.client_secret.is_some());
    fixture.assert_no_violations();
}

#[tokio::test]
async fn a_client_from_the_configuration_is_not_used_without_it() {
    let server = server_with_client(&["none", "client_secret_basic"]);
    let fixture = OAuthFixture::with_authorization_server(server).await;
    let store = MemoryStore::new();
    let client = builder_with(&fixture, by_hand()).store(store.clone()).build().unwrap();
    fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    let key = StoreKey::new(None, fixture.server.url(), fixture.authorization_server.issuer());
    let Some(Record::Registration(stored)) = store.load(&key).await.unwrap() else { panic!() };
    assert!(stored.is_preregistered && stored.client_secret.is_none(), "{stored:?}");
    // Without the configuration, the application registers itself.
    let client = client_builder().store(store.clone()).build().unwrap();
    let credentials = fixture.sign_in(&client, &client.user("ann")).await.unwrap();
    assert_ne!(credentials.registration.client_id, "by hand");
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 1);
    fixture.assert_no_violations();
}
