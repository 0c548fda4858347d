//! The authorization code flow: which parameters are sent.

use insta::assert_snapshot;
use mcp_oauth::{Error, OAuthSettings, PreregisteredClient};
use serde_json::Value;

use super::support::{FormParams, OAuthMocks, error_text, query_params};

/// One line per parameter. Random values and URLs are replaced.
fn describe_params(mocks: &OAuthMocks, params: &FormParams) -> String {
    let line = |(name, value): (&String, &String)| {
        let random = matches!(name.as_str(), "state" | "code_challenge" | "code_verifier");
        let value = if random { format!("[{} characters]", value.len()) } else { value.clone() };
        format!("{name}: {value}\n")
    };
    let lines: String = params.iter().map(line).collect();
    lines.replace(&mocks.resource.uri(), "[server]").replace(&mocks.issuer.uri(), "[issuer]")
}

#[tokio::test]
async fn sign_in_uses_the_authorization_code_flow_with_pkce() {
    // AUTH-26, AUTH-28, AUTH-35, N-AUTH-07, N-AUTH-08, N-AUTH-10
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    let sign_in = mocks.begin(&application).await.unwrap();
    let sent = query_params(&sign_in.authorization_url);
    let callback = mocks.callback(&sign_in);
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    let form = mocks.token_requests().await.remove(0);
    assert_snapshot!(format!("{}\n{}", describe_params(&mocks, &sent), describe_params(&mocks, &form)), @"
    client_id: registered
    code_challenge: [43 characters]
    code_challenge_method: S256
    redirect_uri: http://127.0.0.1:9/callback
    resource: [server]/mcp
    response_type: code
    scope: read
    state: [43 characters]

    code: 5ecret-code
    code_verifier: [43 characters]
    grant_type: authorization_code
    redirect_uri: http://127.0.0.1:9/callback
    resource: [server]/mcp
    ");
    let challenge = sha256(&form["code_verifier"]);
    assert_eq!(challenge, sent["code_challenge"]);
}

/// The SHA-256 digest in Base64 for URLs.
fn sha256(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

#[tokio::test]
async fn client_registers_once_with_its_metadata() {
    // AUTH-25, N-AUTH-13, N-AUTH-15
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    mocks.sign_in(&application).await;
    application.user("bob").begin_sign_in(&mocks.endpoint(), None).await.unwrap();
    assert_eq!(mocks.request_count("/register").await, 1);
    let requests = mocks.issuer.received_requests().await.unwrap();
    let registration = requests.iter().find(|it| it.url.path() == "/register").unwrap();
    let sent: Value = serde_json::from_slice(&registration.body).unwrap();
    assert_snapshot!(format!("{sent:#}"), @r#"
    {
      "client_name": "Tests",
      "redirect_uris": [
        "http://127.0.0.1:9/callback"
      ],
      "grant_types": [
        "authorization_code",
        "refresh_token"
      ],
      "response_types": [
        "code"
      ],
      "token_endpoint_auth_method": "client_secret_basic",
      "application_type": "native",
      "scope": "read"
    }
    "#);
}

#[tokio::test]
async fn registration_includes_scopes_listed_by_the_server() {
    for (listed, scope) in [
        (serde_json::json!(["read", "write"]), serde_json::json!("read")),
        (serde_json::json!(["openid"]), Value::Null),
    ] {
        let mocks = OAuthMocks::with_metadata(|it| it.issuer["scopes_supported"] = listed).await;
        let sign_in = mocks.begin(&mocks.application()).await.unwrap();
        let requests = mocks.issuer.received_requests().await.unwrap();
        let registration = requests.iter().find(|it| it.url.path() == "/register").unwrap();
        let sent: Value = serde_json::from_slice(&registration.body).unwrap();
        assert_eq!(sent["scope"], scope);
        // The scopes are requested anyway.
        assert_eq!(query_params(&sign_in.authorization_url)["scope"], "read");
    }
}

#[tokio::test]
async fn server_without_s256_pkce_is_not_trusted() {
    // AUTH-27: downgrade to plain PKCE, or to none
    for methods in [Value::Null, serde_json::json!([]), serde_json::json!(["plain"])] {
        let mocks = OAuthMocks::with_metadata(|it| {
            it.issuer["code_challenge_methods_supported"] = methods.clone();
        })
        .await;
        let error = mocks.begin(&mocks.application()).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{methods}");
        let text = error_text(&error);
        assert!(text.contains(r#"does not list "S256" in "code_challenge_methods_supported""#));
        assert!(text.contains("dangerously_assume_pkce"), "{text}");
        assert_eq!(mocks.request_count("/register").await, 0);
    }
}

#[tokio::test]
async fn preregistered_client_precedes_metadata_document_and_registration() {
    // AUTH-22, AUTH-23, AUTH-24, N-AUTH-12
    let takes_documents = |it: &mut super::support::MetadataDocuments| {
        it.issuer["client_id_metadata_document_supported"] = true.into();
    };
    let mocks = OAuthMocks::with_metadata(takes_documents).await;
    let document = "https://app.example/client.json";
    let with_document = mocks.builder().client_metadata_url(document);
    let by_document = with_document.build().unwrap();
    let sign_in = mocks.begin(&by_document).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["client_id"], document);
    let client = PreregisteredClient::new("by-hand").with_secret("5ecret-client");
    let by_hand = mocks.builder().client_metadata_url(document);
    let by_hand = by_hand.preregistered(mocks.endpoint().url().as_str(), client).build().unwrap();
    let sign_in = mocks.begin(&by_hand).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["client_id"], "by-hand");
    assert_eq!(mocks.request_count("/register").await, 0);
    // A server that does not support documents gets a registration.
    let without_documents = OAuthMocks::start().await;
    let application = without_documents.builder().client_metadata_url(document).build().unwrap();
    let sign_in = without_documents.begin(&application).await.unwrap();
    assert_eq!(query_params(&sign_in.authorization_url)["client_id"], "registered");
    let silent =
        OAuthMocks::with_metadata(|it| it.issuer["registration_endpoint"] = Value::Null).await;
    let error = silent.begin(&silent.application()).await.unwrap_err();
    let text = error_text(&error).replace(&silent.resource.uri(), "[server]");
    assert_snapshot!(text.replace(&silent.issuer.uri(), "[issuer]"), @"[issuer] does not support dynamic client registration; register this application there and set its client ID for [server]/mcp");
}

#[test]
fn redirect_uri_must_be_https_or_local() {
    // AUTH-31
    let build = |uri: &str| mcp_oauth::OAuthClient::builder("Tests", uri).build();
    for good in ["https://app.example", "http://localhost:1/a", "com.example.app:/callback"] {
        build(good).unwrap();
    }
    for bad in ["http://app.example/", "javascript:alert(1)", "data:,x", "https://a/#b", "a"] {
        assert!(matches!(build(bad), Err(Error::Configuration { .. })), "{bad}");
    }
}

#[tokio::test]
async fn offline_access_is_requested_if_listed() {
    // N-AUTH-15
    for (listed, scope) in [(true, "offline_access read"), (false, "read")] {
        let mocks = OAuthMocks::with_metadata(|it| {
            it.issuer["scopes_supported"] = match listed {
                true => serde_json::json!(["read", "offline_access"]),
                false => serde_json::json!(["read"]),
            };
        })
        .await;
        let sign_in = mocks.begin(&mocks.application()).await.unwrap();
        let sent = query_params(&sign_in.authorization_url);
        assert_eq!(sent["scope"], scope);
        assert_eq!(sent.get("prompt"), None);
    }
}

#[tokio::test]
async fn consent_is_prompted_only_if_needed_or_configured() {
    // OpenID Connect Core 1.0, section 11
    let json = |text| serde_json::from_str::<Value>(text).unwrap();
    for (offline, subject_types, prompts, configured, expected) in [
        (true, r#"["public"]"#, "null", None, Some("consent")),
        (true, r#"["public"]"#, r#"["none", "consent"]"#, None, Some("consent")),
        (true, r#"["public"]"#, r#"["login"]"#, None, None),
        (true, "null", "null", None, None),
        (false, r#"["public"]"#, "null", None, None),
        (true, r#"["public"]"#, "null", Some(""), None),
        (false, "null", "null", Some("login"), Some("login")),
    ] {
        let mocks = OAuthMocks::with_metadata(|it| {
            it.issuer["subject_types_supported"] = json(subject_types);
            it.issuer["prompt_values_supported"] = json(prompts);
            it.issuer["scopes_supported"] =
                json(if offline { r#"["read", "offline_access"]"# } else { r#"["read"]"# });
        })
        .await;
        let mut settings = OAuthSettings::new();
        if let Some(prompt) = configured {
            settings = settings.prompt(prompt);
        }
        let application =
            mocks.builder().server_settings(mocks.endpoint().url().as_str(), settings);
        let sign_in = mocks.begin(&application.build().unwrap()).await.unwrap();
        let sent = query_params(&sign_in.authorization_url);
        assert_eq!(sent.get("prompt").map(String::as_str), expected, "{offline} {configured:?}");
    }
}
