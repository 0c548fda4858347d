//! Tokens that are bound to a key, and servers that require nonces (DPoP, RFC 9449).

use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_http::HttpTransport;
use mcp_oauth::{Error, OAuthClient, Settings};
use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers::path};

use super::support::{OAuthMocks, error_text, json_response, mount, query_params};
use crate::support::stateful_client;

/// The claims of a request's proof, and the thumbprint of its key. Verifies the signature.
fn verified_proof(request: &Request) -> (Value, String) {
    let proof = request.headers["dpop"].to_str().expect("text");
    let (signed, signature) = proof.rsplit_once('.').expect("a signature");
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("Base64");
    let json = |part: &str| -> Value { serde_json::from_slice(&decoded(part)).expect("JSON") };
    let (header, claims) = signed.split_once('.').expect("a header");
    let jwk = &json(header)["jwk"];
    let coordinate = |name: &str| decoded(jwk[name].as_str().expect("a coordinate"));
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed.as_bytes(), &decoded(signature)).expect("a valid signature");
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    (json(claims), sha256(&members))
}

/// The SHA-256 digest in Base64 for URLs.
fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn nonce_required(status: u16, nonce: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("dpop-nonce", nonce)
        .insert_header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
        .set_body_json(json!({ "error": "use_dpop_nonce" }))
}

fn dpop_client(mocks: &OAuthMocks) -> OAuthClient {
    mocks.builder().settings(Settings::new().dpop(true)).build().expect("usable settings")
}

#[tokio::test]
async fn each_request_carries_a_new_dpop_proof() {
    let mocks = OAuthMocks::start().await;
    let application = dpop_client(&mocks);
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    mocks.respond_once(nonce_required(400, "of-issuer")).await;
    let token = json!({ "access_token": "5ecret-bound", "token_type": "DPoP" });
    mocks.respond_once(json_response(&token)).await;
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    let rejection = Mock::given(path("/mcp")).respond_with(nonce_required(401, "of-server"));
    rejection.up_to_n_times(1).mount(&mocks.resource).await;
    mount(&mocks.resource, "/mcp", ResponseTemplate::new(500)).await;
    let transport = HttpTransport::builder(mocks.endpoint().url().as_str());
    let transport = transport.token_source(application.user("ann")).build().unwrap();
    stateful_client(transport).list_tools().await.unwrap_err();

    let at_issuer = mocks.issuer.received_requests().await.unwrap();
    let at_issuer = at_issuer.iter().filter(|it| it.url.path() == "/token");
    let at_server = mocks.resource.received_requests().await.unwrap();
    let at_server = at_server.iter().filter(|it| it.url.path() == "/mcp");
    let mut seen = Vec::new();
    for request in at_issuer.chain(at_server) {
        let (claims, thumbprint) = verified_proof(request);
        assert_eq!(thumbprint, query_params(&sign_in.authorization_url)["dpop_jkt"]);
        let is_token = request.url.path() == "/token";
        let server = if is_token { &mocks.issuer } else { &mocks.resource };
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], format!("{}{}", server.uri(), request.url.path()));
        assert!(!seen.contains(&claims["jti"]), "a proof is used twice");
        seen.push(claims["jti"].clone());
        let nonce = claims["nonce"].as_str().unwrap_or("none");
        let nonces = ["none", "of-issuer", "none", "of-server"];
        assert_eq!(nonce, nonces[(seen.len() - 1).min(3)]);
        let ath = (!is_token).then(|| sha256("5ecret-bound"));
        assert_eq!(claims["ath"].as_str(), ath.as_deref());
        let authorization = request.headers.get("authorization").map(|it| it.to_str().unwrap());
        assert_eq!(authorization == Some("DPoP 5ecret-bound"), !is_token);
    }
    assert!(seen.len() >= 4, "{seen:?}");
}

#[tokio::test]
async fn bearer_token_is_rejected_if_dpop_was_requested() {
    let mocks = OAuthMocks::start().await;
    let application = dpop_client(&mocks);
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    let error = application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    assert!(error_text(&error).ends_with("the access token is not of the requested type"));
    assert_eq!(mocks.token(&application.user("ann")).await.unwrap(), None);
}

#[tokio::test]
async fn token_request_is_repeated_only_if_a_nonce_is_required() {
    // A code or refresh token may be used once, although a response may always have a new nonce.
    let token = json!({ "access_token": "5ecret-bound", "token_type": "DPoP" });
    for (response, succeeds) in
        [(json_response(&token), true), (super::support::token_error("invalid_grant"), false)]
    {
        let mocks = OAuthMocks::start().await;
        let application = dpop_client(&mocks);
        let sign_in = mocks.begin(&application).await.unwrap();
        let callback = mocks.callback(&sign_in);
        mocks.respond_once(response.insert_header("dpop-nonce", "next")).await;
        let completed = application.complete_sign_in(sign_in.pending, &callback).await;
        assert_eq!(completed.is_ok(), succeeds, "{completed:?}");
        assert_eq!(mocks.token_requests().await.len(), 1);
    }
}

#[tokio::test]
async fn second_required_nonce_is_an_error() {
    let mocks = OAuthMocks::start().await;
    let application = dpop_client(&mocks);
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    for nonce in ["one", "two"] {
        mocks.respond_once(nonce_required(400, nonce)).await;
    }
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
    assert_eq!(mocks.token_requests().await.len(), 2);
}

#[tokio::test]
async fn refresh_cannot_change_the_type_of_the_token() {
    for (dpop, first, second) in [(true, "DPoP", "Bearer"), (false, "Bearer", "DPoP")] {
        let mocks = OAuthMocks::start().await;
        let application = mocks.builder().settings(Settings::new().dpop(dpop)).build().unwrap();
        let sign_in = mocks.begin(&application).await.unwrap();
        let callback = mocks.callback(&sign_in);
        let token = |name: &str, token_type: &str| {
            json_response(&json!({
                "access_token": format!("5ecret-{name}"),
                "refresh_token": "5ecret-refresh",
                "token_type": token_type,
                "expires_in": 0,
            }))
        };
        mocks.respond_once(token("first", first)).await;
        application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
        mocks.respond_once(token("second", second)).await;
        let user = application.user("ann");
        let error = mocks.token(&user).await.unwrap_err();
        let error = error.downcast_ref().expect("an OAuth error");
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
        assert!(error_text(error).contains("not of the same type"), "{error}");
        mocks.respond_once(token("third", first)).await;
        assert_eq!(mocks.token(&user).await.unwrap().as_deref(), Some("5ecret-third"));
    }
}
