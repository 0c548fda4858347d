//! The order of the requests of discovery, as a table of servers.

use mcp_http::UnauthorizedReason;
use mcp_oauth::Error;
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use super::support::{OAuthMocks, error_text, json_response, mount, query_params};

const RESOURCE_AT_PATH: &str = "/.well-known/oauth-protected-resource/mcp";
const RESOURCE_AT_ROOT: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// A response to a request for metadata.
#[derive(Debug, Clone, Copy)]
enum Metadata {
    Valid,
    /// Of another resource or another issuer.
    Foreign,
    Status(u16),
    Text,
}

/// The paths of all requests to a server, without repetitions in a row.
async fn paths(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.expect("requests are recorded");
    requests.iter().map(|it| it.url.path().to_owned()).collect()
}

async fn mount_metadata(server: &MockServer, at: &str, metadata: Metadata, valid: &Value) {
    let mut foreign = valid.clone();
    let name = if valid.get("resource").is_some() { "resource" } else { "issuer" };
    foreign[name] = "https://evil.example/mcp".into();
    let response = match metadata {
        Metadata::Valid => json_response(valid),
        Metadata::Foreign => json_response(&foreign),
        Metadata::Status(status) => ResponseTemplate::new(status).set_body_string("no"),
        Metadata::Text => ResponseTemplate::new(200).set_body_string("<html>"),
    };
    mount(server, at, response).await;
}

/// Servers whose metadata the test mounts, with valid documents of both.
async fn servers_without_metadata() -> (OAuthMocks, Value, Value) {
    let (mut resource, mut issuer) = (Value::Null, Value::Null);
    let mocks = OAuthMocks::with_metadata(|it| {
        (resource, issuer) = (it.resource.clone(), it.issuer.clone());
        // A web application without a registration needs no further requests.
        issuer["client_id_metadata_document_supported"] = true.into();
    })
    .await;
    mocks.resource.reset().await;
    mocks.issuer.reset().await;
    (mocks, resource, issuer)
}

/// Begins a sign-in after a challenge, and returns the resource and the first letters of an error.
async fn begin(mocks: &OAuthMocks, pointer: Option<&str>) -> Result<String, Error> {
    let challenge = pointer.map_or("Bearer".to_owned(), |url| {
        let url = url.replace("[server]", &mocks.resource.uri());
        format!("Bearer resource_metadata=\"{url}\"")
    });
    let unauthorized = mocks.unauthorized(UnauthorizedReason::Missing, &challenge);
    let application = mocks.builder().client_metadata_url("https://app.example/client.json");
    let user = application.build().expect("usable settings").user("ann");
    let sign_in = user.begin_sign_in(&mocks.endpoint(), Some(&unauthorized)).await?;
    let sent = query_params(&sign_in.authorization_url);
    Ok(sent["resource"].replace(&mocks.resource.uri(), "[server]"))
}

#[tokio::test]
async fn resource_metadata_is_searched_in_the_documented_order() {
    use Metadata::{Foreign, Status, Text, Valid};
    let pointer = "[server]/pointer";
    type Row<'a> = (Option<&'a str>, &'a [(&'a str, Metadata)], &'a [&'a str]);
    // The URL of the challenge, the responses, and the requests that lead to a document.
    let rows: [Row<'_>; 14] = [
        (None, &[(RESOURCE_AT_PATH, Valid)], &[RESOURCE_AT_PATH]),
        (None, &[(RESOURCE_AT_ROOT, Valid)], &[RESOURCE_AT_PATH, RESOURCE_AT_ROOT]),
        (
            None,
            &[(RESOURCE_AT_PATH, Status(500)), (RESOURCE_AT_ROOT, Valid)],
            &[RESOURCE_AT_PATH, RESOURCE_AT_ROOT],
        ),
        (
            None,
            &[(RESOURCE_AT_PATH, Text), (RESOURCE_AT_ROOT, Valid)],
            &[RESOURCE_AT_PATH, RESOURCE_AT_ROOT],
        ),
        (
            None,
            &[(RESOURCE_AT_PATH, Foreign), (RESOURCE_AT_ROOT, Valid)],
            &[RESOURCE_AT_PATH, RESOURCE_AT_ROOT],
        ),
        (Some(pointer), &[("/pointer", Valid), (RESOURCE_AT_PATH, Foreign)], &["/pointer"]),
        (Some(pointer), &[(RESOURCE_AT_PATH, Valid)], &["/pointer", RESOURCE_AT_PATH]),
        (
            Some(pointer),
            &[("/pointer", Status(503)), (RESOURCE_AT_PATH, Valid)],
            &["/pointer", RESOURCE_AT_PATH],
        ),
        (
            Some(pointer),
            &[("/pointer", Foreign), (RESOURCE_AT_ROOT, Valid)],
            &["/pointer", RESOURCE_AT_PATH, RESOURCE_AT_ROOT],
        ),
        // The pointer is the well-known URL itself, which is not requested twice.
        (
            Some("[server]/.well-known/oauth-protected-resource/mcp"),
            &[(RESOURCE_AT_ROOT, Valid)],
            &[RESOURCE_AT_PATH, RESOURCE_AT_ROOT],
        ),
        // Pointers that are unsafe: no request is sent to them.
        (Some("/pointer"), &[(RESOURCE_AT_PATH, Valid)], &[RESOURCE_AT_PATH]),
        (Some("http://mcp.example/x"), &[(RESOURCE_AT_PATH, Valid)], &[RESOURCE_AT_PATH]),
        (Some("https://10.0.0.1/x"), &[(RESOURCE_AT_PATH, Valid)], &[RESOURCE_AT_PATH]),
        // Nothing listens at the pointer.
        (Some("http://127.0.0.1:9/x"), &[(RESOURCE_AT_PATH, Valid)], &[RESOURCE_AT_PATH]),
    ];
    for (pointer, responses, expected) in rows {
        let (mocks, resource, issuer) = servers_without_metadata().await;
        mount(&mocks.issuer, OAUTH, json_response(&issuer)).await;
        for (at, metadata) in responses {
            mount_metadata(&mocks.resource, at, *metadata, &resource).await;
        }
        assert_eq!(begin(&mocks, pointer).await.unwrap(), "[server]/mcp", "{pointer:?}");
        assert_eq!(paths(&mocks.resource).await, expected, "{pointer:?} {responses:?}");
    }
}

#[tokio::test]
async fn the_first_error_is_reported_if_no_resource_metadata_is_valid() {
    use Metadata::{Foreign, Status};
    for (pointer, responses, message) in [
        (None, [(RESOURCE_AT_PATH, Status(503)), (RESOURCE_AT_ROOT, Foreign)], "/mcp failed"),
        (None, [(RESOURCE_AT_PATH, Foreign), (RESOURCE_AT_ROOT, Status(503))], "names resource"),
        (
            Some("https://10.0.0.1/x"),
            [(RESOURCE_AT_PATH, Status(404)), (RESOURCE_AT_ROOT, Status(404))],
            "https://10.0.0.1/x cannot be trusted",
        ),
    ] {
        let (mocks, resource, _) = servers_without_metadata().await;
        for (at, metadata) in responses {
            mount_metadata(&mocks.resource, at, metadata, &resource).await;
        }
        let error = begin(&mocks, pointer).await.unwrap_err();
        assert!(error_text(&error).contains(message), "{error}");
    }
}

#[tokio::test]
async fn authorization_server_metadata_is_searched_in_the_documented_order() {
    use Metadata::{Foreign, Status, Text, Valid};
    let at_path = [
        "/.well-known/oauth-authorization-server/t",
        "/.well-known/openid-configuration/t",
        "/t/.well-known/openid-configuration",
    ];
    for (issuer_path, urls) in [("", &[OAUTH, OPENID][..]), ("/t", &at_path)] {
        for unusable in [Status(404), Status(500), Status(429), Text, Foreign] {
            for valid in 0..urls.len() {
                let (mocks, mut resource, mut issuer) = servers_without_metadata().await;
                let name = format!("{}{issuer_path}", mocks.issuer.uri());
                issuer["issuer"] = name.clone().into();
                resource["authorization_servers"] = json!([name]);
                mount(&mocks.resource, RESOURCE_AT_PATH, json_response(&resource)).await;
                for (at, url) in urls.iter().enumerate().take(valid + 1) {
                    let metadata = if at == valid { Valid } else { unusable };
                    mount_metadata(&mocks.issuer, url, metadata, &issuer).await;
                }
                begin(&mocks, None).await.unwrap();
                assert_eq!(paths(&mocks.issuer).await, urls[..=valid], "{unusable:?}");
            }
        }
    }
}

#[tokio::test]
async fn resource_may_be_a_parent_on_the_same_origin_and_is_sent_as_it_is() {
    for named in ["[server]", "[server]/", "[server]/mcp/"] {
        let (mocks, mut resource, issuer) = servers_without_metadata().await;
        mount(&mocks.issuer, OAUTH, json_response(&issuer)).await;
        resource["resource"] = named.replace("[server]", &mocks.resource.uri()).into();
        mount(&mocks.resource, RESOURCE_AT_PATH, json_response(&resource)).await;
        assert_eq!(begin(&mocks, None).await.unwrap(), named);
    }
}

#[tokio::test]
async fn first_usable_authorization_server_is_chosen() {
    let evil = "https://10.0.0.1";
    let broken = MockServer::start().await;
    let silent = MockServer::start().await;
    mount(&broken, OAUTH, ResponseTemplate::new(500)).await;
    // Valid metadata without PKCE.
    let without_pkce = MockServer::start().await;
    let document = json!({
        "issuer": without_pkce.uri(),
        "authorization_endpoint": format!("{}/authorize", without_pkce.uri()),
        "token_endpoint": format!("{}/token", without_pkce.uri()),
    });
    mount(&without_pkce, OAUTH, json_response(&document)).await;
    let (mocks, mut resource, issuer) = servers_without_metadata().await;
    mount(&mocks.issuer, OAUTH, json_response(&issuer)).await;
    let others = [evil, &broken.uri(), &silent.uri(), &without_pkce.uri()];
    resource["authorization_servers"] =
        others.iter().map(|it| json!(it)).chain([json!(mocks.issuer.uri())]).collect();
    mount(&mocks.resource, RESOURCE_AT_PATH, json_response(&resource)).await;
    begin(&mocks, None).await.unwrap();
    // Without a usable one, the error is about the one with metadata.
    resource["authorization_servers"] = others.iter().map(|it| json!(it)).collect();
    mocks.resource.reset().await;
    mount(&mocks.resource, RESOURCE_AT_PATH, json_response(&resource)).await;
    let error = begin(&mocks, None).await.unwrap_err();
    assert!(error_text(&error).contains("code_challenge_methods_supported"), "{error}");
}

#[tokio::test]
async fn the_number_of_authorization_servers_that_are_tried_is_limited() {
    let silent = MockServer::start().await;
    let (mocks, mut resource, _) = servers_without_metadata().await;
    resource["authorization_servers"] =
        (0..20).map(|number| json!(format!("{}/{number}", silent.uri()))).collect();
    mount(&mocks.resource, RESOURCE_AT_PATH, json_response(&resource)).await;
    begin(&mocks, None).await.unwrap_err();
    assert_eq!(paths(&silent).await.len(), 5 * 3);
}

#[tokio::test]
async fn optional_members_of_the_wrong_type_are_ignored() {
    let mocks = OAuthMocks::with_metadata(|it| {
        it.resource["scopes_supported"] = "read write".into();
        it.resource["authorization_servers"] = it.resource["authorization_servers"][0].clone();
        for name in [
            "scopes_supported",
            "revocation_endpoint",
            "client_id_metadata_document_supported",
            "token_endpoint_auth_methods_supported",
        ] {
            it.issuer[name] = json!({ "odd": 1 });
        }
        it.issuer["revocation_endpoint"] = "".into();
    })
    .await;
    let registered = json!({
        "client_id": "registered", "client_secret": "5ecret-client",
        "client_secret_expires_at": "0", "token_endpoint_auth_method": "unknown",
    });
    mocks
        .issuer
        .register(
            wiremock::Mock::given(wiremock::matchers::path("/register"))
                .respond_with(json_response(&registered))
                .with_priority(1),
        )
        .await;
    let credentials = mocks.sign_in(&mocks.application()).await;
    assert_eq!(credentials.registration.secret_expires_at, None);
    // Another sign-in uses the same registration.
    mocks.sign_in(&mocks.application()).await;
    assert_eq!(mocks.request_count("/register").await, 1);
    let without = OAuthMocks::with_metadata(|it| it.issuer["registration_endpoint"] = "".into());
    let without = without.await;
    let error = without.begin(&without.application()).await.unwrap_err();
    assert!(error_text(&error).contains("does not support dynamic client registration"), "{error}");
}

#[tokio::test]
async fn server_without_oauth_is_named() {
    let (mocks, ..) = servers_without_metadata().await;
    for response in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(405),
        ResponseTemplate::new(404).set_body_json(json!({ "error": "Not Found" })),
        ResponseTemplate::new(200).set_body_string("<html>"),
    ] {
        mocks.resource.reset().await;
        mount(&mocks.resource, "/register", response).await;
        let error = mocks.begin(&mocks.application()).await.unwrap_err();
        assert!(matches!(error, Error::SignInUnavailable { .. }), "{error:?}");
        let text = error_text(&error).replace(&mocks.resource.uri(), "[server]");
        assert!(text.starts_with("[server]/mcp offers no OAuth sign-in"), "{text}");
    }
}
