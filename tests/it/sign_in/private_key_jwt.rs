//! Clients that authenticate with a private key (RFC 7523, section 2.2).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mcp_oauth::{ClientCredentials, PreregisteredClient, SigningKey};
use mcp_testkit::{AuthorizationServer, AuthorizationServerBuilder, KnownClient, OAuthEndpoint};
use serde_json::{Value, json};

use super::support::{OAuthFixture, client_builder};

const ID: &str = "by-key";
const DOCUMENT: &str = "https://app.example/client.json";

/// The private key of a client in two forms, and its public key.
struct TestKey {
    document: Vec<u8>,
    point: Vec<u8>,
}

impl TestKey {
    fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let document = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        Self { document, point: pair.public_key().as_ref().to_vec() }
    }

    fn signing_key(&self) -> SigningKey {
        let base64 = STANDARD.encode(&self.document);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        SigningKey::from_pem(&pem).unwrap()
    }

    /// An authorization server that accepts only this key for these clients.
    fn server_for_clients(&self, ids: &[&str]) -> AuthorizationServerBuilder {
        let server = AuthorizationServer::builder().registration(false).metadata_documents(true);
        ids.iter().fold(server.auth_methods(["private_key_jwt"]), |server, id| {
            let client = KnownClient::new(*id).public_key(self.point.clone());
            server.client(client.redirect_uri("http://127.0.0.1/callback"))
        })
    }

    /// Signs claims with another library.
    fn sign(&self, algorithm: Algorithm, claims: &Value) -> String {
        let key = EncodingKey::from_ec_der(&self.document);
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }
}

#[tokio::test]
async fn private_key_client_signs_in_and_refreshes() {
    // AUTH-24, AUTH-41: for a preregistered client, and for one with a metadata document
    let key = TestKey::generate();
    for is_by_hand in [true, false] {
        let fixture =
            OAuthFixture::with_authorization_server(key.server_for_clients(&[ID, DOCUMENT])).await;
        let by_hand = PreregisteredClient::new(ID).with_private_key(key.signing_key());
        let client = match is_by_hand {
            true => client_builder().preregistered(fixture.server.url(), by_hand),
            false => client_builder()
                .client_metadata_url(DOCUMENT)
                .client_metadata_key(key.signing_key()),
        };
        let client = client.build().unwrap();
        let alice = client.user("alice");
        fixture.sign_in(&client, &alice).await.unwrap();
        fixture.authorization_server.expire_access_tokens();
        assert_eq!(fixture.call(&alice).await.unwrap().text(), "hello");
        alice.sign_out(&fixture.endpoint()).await.unwrap();
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
        assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Revocation), 1);
        fixture.assert_no_violations();
    }
}

#[tokio::test]
async fn client_credentials_require_the_registered_key() {
    let key = TestKey::generate();
    let fixture = OAuthFixture::with_authorization_server(key.server_for_clients(&[ID])).await;
    let tokens = |key: &TestKey| {
        let client = PreregisteredClient::new(ID).with_private_key(key.signing_key());
        ClientCredentials::builder(client).build().unwrap()
    };
    let registered = fixture.user_of("service", tokens(&key));
    for _ in 0..2 {
        let tools = registered.tools("s").await.unwrap();
        assert_eq!(tools.call("greet", ()).await.unwrap().text(), "hello");
        fixture.authorization_server.expire_access_tokens();
    }
    fixture.assert_no_violations();
    let other = fixture.user_of("other", tokens(&TestKey::generate()));
    other.tools("s").await.unwrap_err();
    assert_eq!(
        fixture.authorization_server.violations(),
        ["token: invalid signature of the client assertion"]
    );
}

#[tokio::test]
async fn testkit_accepts_only_valid_unused_assertions() {
    let (key, other) = (TestKey::generate(), TestKey::generate());
    let server = key.server_for_clients(&[ID]).start().await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = |changes: Value| {
        let mut claims = json!({
            "iss": ID, "sub": ID, "aud": server.issuer(), "exp": now + 60, "iat": now, "jti": "1",
        });
        let Value::Object(changes) = changes else { panic!("an object") };
        changes.into_iter().for_each(|(name, value)| claims[name] = value);
        claims
    };
    let es256 = |key: &TestKey, changes: Value| key.sign(Algorithm::ES256, &claims(changes));
    let valid = es256(&key, json!({}));
    let of_another = es256(&key, json!({ "jti": "2" }));
    let (signed, _) = valid.rsplit_once('.').unwrap();
    let (_, signature) = of_another.rsplit_once('.').unwrap();
    let mut assertions = vec![
        "none".to_owned(),
        es256(&other, json!({})),
        format!("{signed}.{signature}"),
        valid.replacen("eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJub25lIn0", 1),
    ];
    for changes in [
        json!({ "iss": "other" }),
        json!({ "sub": "other" }),
        json!({ "aud": "https://other.example" }),
        json!({ "exp": now - 1 }),
        json!({ "exp": null }),
        json!({ "iat": now + 600 }),
        json!({ "jti": null }),
    ] {
        assertions.push(es256(&key, changes));
    }
    assertions.extend([valid.clone(), valid.clone()]);
    let mut statuses = Vec::new();
    for assertion in assertions {
        statuses.push(status_for_assertion(&server, &assertion).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_snapshot!(server.violations().join("\n"), @"
    token: missing or malformed client assertion: expected a JWT with ES256
    token: invalid signature of the client assertion
    token: invalid signature of the client assertion
    token: missing or malformed client assertion: expected a JWT with ES256
    token: client assertion of another client
    token: client assertion of another client
    token: client assertion for another server
    token: expired client assertion
    token: expired client assertion
    token: client assertion issued in the future
    token: missing jti in the client assertion
    token: client assertion already used
    ");
}

/// The status of the response to a client with this assertion.
async fn status_for_assertion(server: &AuthorizationServer, assertion: &str) -> u16 {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", ID)
        .append_pair("resource", "http://127.0.0.1:8/mcp")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .finish();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = http.post(format!("{}/token", server.issuer())).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.send().await.unwrap().status().as_u16()
}
