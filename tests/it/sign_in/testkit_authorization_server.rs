//! The authorization server of `mcp-testkit`: what it accepts, and which violations it reports.

use insta::assert_snapshot;
use mcp_testkit::{AuthorizationServer, Decision, KnownClient, OAuthEndpoint, Reply};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:9/cb";

async fn start() -> AuthorizationServer {
    let client = KnownClient::new("app").redirect_uri(CALLBACK);
    let service = KnownClient::new("service").secret("s3cret");
    let server = AuthorizationServer::builder().client(client).client(service);
    server.trusted_assertion("of-ann", "ann").start().await.unwrap()
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// The parameters of a valid request with changes. An empty value removes a parameter.
fn form_with(valid: Pairs<'_>, changes: Pairs<'_>) -> String {
    let value = |name: &str| changes.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
    let kept = valid.iter().map(|(name, old)| (*name, value(name).unwrap_or(old)));
    let new = changes.iter().filter(|(name, _)| !valid.iter().any(|(it, _)| it == name)).copied();
    let pairs = kept.chain(new).filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn authorization_url(server: &AuthorizationServer, changes: Pairs<'_>) -> String {
    let valid = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", CALLBACK),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", "http://127.0.0.1:8/mcp"),
    ];
    format!("{}/authorize?{}", server.issuer(), form_with(&valid, changes))
}

/// A query parameter of a URL.
fn param(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn code(server: &AuthorizationServer) -> String {
    let callback = server.visit(&authorization_url(server, &[])).unwrap();
    assert_eq!(param(&callback, "state").unwrap(), "xyz");
    assert_eq!(param(&callback, "iss").unwrap(), server.issuer());
    param(&callback, "code").unwrap()
}

/// Posts to the token endpoint. Returns the members of the response, or the error code.
async fn token(
    server: &AuthorizationServer,
    valid: Pairs<'_>,
    changes: Pairs<'_>,
) -> Result<serde_json::Value, String> {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let response = http
        .post(format!("{}/token", server.issuer()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form_with(valid, changes))
        .send()
        .await
        .unwrap();
    let (ok, body) = (response.status().is_success(), response.bytes().await.unwrap());
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    if ok { Ok(json) } else { Err(json["error"].as_str().unwrap().to_owned()) }
}

fn code_exchange(code: &str) -> [(&str, &str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("resource", "http://127.0.0.1:8/mcp"),
    ]
}

#[tokio::test]
async fn authorization_requests_are_validated() {
    let server = start().await;
    for change in [
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
        ("code_challenge", "short"),
        ("state", ""),
        ("resource", ""),
        ("resource", "http://127.0.0.1/#fragment"),
    ] {
        let callback = server.visit(&authorization_url(&server, &[change])).unwrap();
        assert!(param(&callback, "error").is_some(), "{change:?}");
        assert!(param(&callback, "code").is_none(), "{change:?}");
    }
    // An unknown client is not redirected, because that would be an open redirector.
    for change in [
        ("client_id", "other"),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", "http://127.0.0.1:9@evil.example/cb"),
        ("redirect_uri", ""),
    ] {
        assert_eq!(server.visit(&authorization_url(&server, &[change])), None, "{change:?}");
    }
    assert_snapshot!(server.violations().join("\n"), @"
    authorization: unsupported response_type: expected code
    authorization: unsupported code_challenge_method: expected S256
    authorization: unsupported code_challenge_method: expected S256
    authorization: invalid code_challenge: expected 43 characters
    authorization: missing state
    authorization: missing resource
    authorization: invalid resource: it has a fragment
    authorization: unknown client
    authorization: redirect_uri is not registered for the client
    authorization: redirect_uri is not registered for the client
    authorization: missing redirect_uri
    ");
}

#[tokio::test]
async fn authorization_can_be_denied_or_fail() {
    let server = start().await;
    for (decision, error) in [
        (Decision::Deny, "access_denied"),
        (Decision::Fail("server_error".to_owned()), "server_error"),
    ] {
        server.set_decision(decision);
        let callback = server.visit(&authorization_url(&server, &[])).unwrap();
        assert_eq!(param(&callback, "error").unwrap(), error);
    }
    server.callback_issuer(Some("https://other.example"));
    let callback = server.visit(&authorization_url(&server, &[])).unwrap();
    assert_eq!(param(&callback, "iss").unwrap(), "https://other.example");
    server.callback_issuer(None);
    let callback = server.visit(&authorization_url(&server, &[])).unwrap();
    assert_eq!(param(&callback, "iss"), None);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn codes_are_bound_to_client_verifier_and_resource() {
    let server = start().await;
    let first = code(&server);
    for change in [
        ("code_verifier", "a-verifier-that-is-long-enough-and-still-not-right"),
        ("code_verifier", ""),
        ("redirect_uri", "http://127.0.0.1:9/other"),
        ("resource", "http://127.0.0.1:8/other"),
        ("resource", ""),
        ("client_id", "other"),
        ("code", "guess"),
        ("grant_type", "password"),
    ] {
        let rejected = token(&server, &code_exchange(&first), &[change]).await;
        assert!(rejected.is_err(), "{change:?}: {rejected:?}");
    }
    // The code is still valid after these errors.
    token(&server, &code_exchange(&first), &[]).await.unwrap();
    assert_snapshot!(server.violations().join("\n"), @"
    token: invalid code_verifier
    token: invalid code_verifier
    token: redirect_uri differs from the authorization request
    token: resource differs from the authorization request
    token: missing resource
    token: unknown client
    token: unknown code
    token: unsupported grant_type
    ");
}

#[tokio::test]
async fn reused_code_or_refresh_token_revokes_all_tokens() {
    let server = start().await;
    let first = code(&server);
    let tokens = token(&server, &code_exchange(&first), &[]).await.unwrap();
    assert_eq!(token(&server, &code_exchange(&first), &[]).await.unwrap_err(), "invalid_grant");
    let refresh = |text: &serde_json::Value| {
        let text = text["refresh_token"].as_str().unwrap().to_owned();
        let server = &server;
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", "app"),
                ("refresh_token", &text),
                ("resource", "http://127.0.0.1:8/mcp"),
            ];
            token(server, &form, &[]).await
        }
    };
    assert_eq!(refresh(&tokens).await.unwrap_err(), "invalid_grant");

    let one = token(&server, &code_exchange(&code(&server)), &[]).await.unwrap();
    let two = refresh(&one).await.unwrap();
    assert_eq!(refresh(&one).await.unwrap_err(), "invalid_grant");
    assert_eq!(refresh(&two).await.unwrap_err(), "invalid_grant");
    assert_eq!(
        server.violations(),
        ["token: code already used", "token: refresh token already used"]
    );
}

#[tokio::test]
async fn client_credentials_assertions_and_exchange_are_supported() {
    let server = start().await;
    let itself = [
        ("grant_type", "client_credentials"),
        ("client_id", "service"),
        ("client_secret", "s3cret"),
        ("resource", "http://127.0.0.1:8/mcp"),
    ];
    let tokens = token(&server, &itself, &[]).await.unwrap();
    assert!(tokens.get("refresh_token").is_none());
    let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let of_ann = [("grant_type", jwt), ("assertion", "of-ann")];
    token(&server, &itself, &of_ann).await.unwrap();
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let traded = [("grant_type", exchange), ("subject_token", "of-ann")];
    let tokens = token(&server, &itself, &traded).await.unwrap();
    assert_eq!(tokens["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(server.violations(), Vec::<String>::new());

    for change in
        [("client_secret", "wrong"), ("client_secret", ""), ("client_id", "app"), ("resource", "")]
    {
        token(&server, &itself, &[change]).await.unwrap_err();
    }
    token(&server, &itself, &[("grant_type", jwt), ("assertion", "of-bob")]).await.unwrap_err();
    assert_snapshot!(server.violations().join("\n"), @"
    token: invalid client secret
    token: invalid client secret
    token: client_credentials is not allowed for a public client
    token: missing resource
    token: untrusted assertion
    ");
}

#[tokio::test]
async fn scripted_response_is_sent_once() {
    let server = start().await;
    server.script(OAuthEndpoint::Token, Reply::status(400).chunk(r#"{"error":"slow_down"}"#));
    let first = code(&server);
    assert_eq!(token(&server, &code_exchange(&first), &[]).await.unwrap_err(), "slow_down");
    token(&server, &code_exchange(&first), &[]).await.unwrap();
    assert_eq!(server.count(OAuthEndpoint::Token), 2);
    assert_eq!(server.violations(), Vec::<String>::new());
    server.stop().await;
}
