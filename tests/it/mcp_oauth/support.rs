//! An MCP server and its authorization server, as far as a sign-in sees them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_http::{
    AccessToken, Challenge, Endpoint, Reason, Refused, TokenRequest, TokenSource, Unauthorized,
    mcp_client::BoxError,
};
use mcp_oauth::{
    Credentials, Error, MemoryStore, OAuthClient, OAuthClientBuilder, SignIn, SigningKey,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

/// The form of a request, or the query of a URL.
pub(crate) type Params = BTreeMap<String, String>;

/// Two servers, and what the application has stored.
pub(crate) struct World {
    pub(crate) resource: MockServer,
    pub(crate) issuer: MockServer,
    pub(crate) store: MemoryStore,
}

/// What the servers say of themselves.
pub(crate) struct Documents {
    pub(crate) resource: Value,
    pub(crate) issuer: Value,
}

/// Gives tokens that are numbered, with this lifetime.
struct Tokens(AtomicUsize, Option<u64>);

impl Respond for Tokens {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": format!("5ecret-access-{number}"),
            "refresh_token": format!("5ecret-refresh-{number}"),
            "token_type": "Bearer",
            "expires_in": self.1,
        }))
    }
}

impl World {
    /// Servers that do everything right.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Servers that say something else of themselves.
    pub(crate) async fn with(edit: impl FnOnce(&mut Documents)) -> Self {
        Self::living(Some(3600), edit).await
    }

    /// The same with access tokens of this lifetime.
    pub(crate) async fn living(lifetime: Option<u64>, edit: impl FnOnce(&mut Documents)) -> Self {
        let (resource, issuer) = (MockServer::start().await, MockServer::start().await);
        let world = Self { resource, issuer, store: MemoryStore::new() };
        let mut documents = world.documents();
        edit(&mut documents);
        let path = "/.well-known/oauth-protected-resource/mcp";
        serve(&world.resource, path, ok(&documents.resource)).await;
        let path = "/.well-known/oauth-authorization-server";
        serve(&world.issuer, path, ok(&documents.issuer)).await;
        let registered = json!({ "client_id": "registered", "client_secret": "5ecret-client" });
        serve(&world.issuer, "/register", ok(&registered)).await;
        let tokens = Tokens(AtomicUsize::new(0), lifetime);
        Mock::given(method("POST"))
            .and(wiremock::matchers::path("/token"))
            .respond_with(tokens)
            .mount(&world.issuer)
            .await;
        world
    }

    fn documents(&self) -> Documents {
        let issuer = self.issuer.uri();
        Documents {
            resource: json!({
                "resource": format!("{}/mcp", self.resource.uri()),
                "authorization_servers": [issuer],
                "scopes_supported": ["read"],
            }),
            issuer: json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "registration_endpoint": format!("{issuer}/register"),
                "code_challenge_methods_supported": ["plain", "S256"],
                "authorization_response_iss_parameter_supported": true,
            }),
        }
    }

    /// What the token endpoint answers next, before it goes on as it did.
    pub(crate) async fn next_answer(&self, answer: impl Respond + 'static) {
        let mock = Mock::given(path("/token")).respond_with(answer);
        mock.up_to_n_times(1).with_priority(1).mount(&self.issuer).await;
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&format!("{}/mcp", self.resource.uri())).expect("a usable URL")
    }

    pub(crate) fn builder(&self) -> OAuthClientBuilder {
        OAuthClient::builder("Tests", "http://127.0.0.1:9/callback").store(self.store.clone())
    }

    pub(crate) fn application(&self) -> OAuthClient {
        self.builder().build().expect("usable settings")
    }

    pub(crate) fn unauthorized(&self, reason: Reason, challenge: &str) -> Unauthorized {
        Unauthorized::new(self.endpoint(), reason, Challenge::parse(challenge))
    }

    /// Ann begins to sign in.
    pub(crate) async fn begin(&self, application: &OAuthClient) -> Result<SignIn, Error> {
        application.user("ann").begin(&self.endpoint(), None).await
    }

    /// Ann signs in, and nothing is wrong.
    pub(crate) async fn sign_in(&self, application: &OAuthClient) -> Credentials {
        let sign_in = self.begin(application).await.expect("it begins");
        let callback = self.callback(&sign_in);
        application.finish(sign_in.pending, &callback).await.expect("it ends")
    }

    /// What the authorization server sends a person back with.
    pub(crate) fn callback(&self, sign_in: &SignIn) -> String {
        let sent = params(&sign_in.authorization_url);
        let mut url = Url::parse(&sent["redirect_uri"]).expect("a URL");
        url.query_pairs_mut()
            .append_pair("code", "5ecret-code")
            .append_pair("state", &sent["state"])
            .append_pair("iss", &self.issuer.uri());
        url.into()
    }

    /// What has been posted to the token endpoint.
    pub(crate) async fn posted(&self) -> Vec<Params> {
        let requests = self.issuer.received_requests().await.expect("they are recorded");
        let posted = requests.iter().filter(|it| it.url.path() == "/token");
        posted.map(|it| form_urlencoded::parse(&it.body).into_owned().collect()).collect()
    }

    /// How often a path of the authorization server was asked for.
    pub(crate) async fn asked(&self, path: &str) -> usize {
        let requests = self.issuer.received_requests().await.expect("they are recorded");
        requests.iter().filter(|it| it.url.path() == path).count()
    }

    /// The token that a request is to carry.
    pub(crate) async fn token(
        &self,
        source: &impl TokenSource,
    ) -> Result<Option<String>, BoxError> {
        let token = source.token(TokenRequest::new(&self.endpoint())).await?;
        Ok(token.map(|token| token.expose().to_owned()))
    }

    /// The token to try after one was refused.
    pub(crate) async fn after(
        &self,
        source: &impl TokenSource,
        refused: Option<&str>,
        unauthorized: &Unauthorized,
    ) -> Result<Option<String>, BoxError> {
        let refused = refused.map(AccessToken::new);
        let endpoint = self.endpoint();
        let refused = Refused::new(refused.as_ref(), unauthorized);
        let token = source.token(TokenRequest::new(&endpoint).with_refused(refused)).await?;
        Ok(token.map(|token| token.expose().to_owned()))
    }
}

/// A private key on P-256, as it is read from a file.
pub(crate) fn signing_key() -> SigningKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("random numbers");
    let der = STANDARD.encode(pair.to_pkcs8v1().expect("a private key").as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    SigningKey::from_pem(&pem).expect("a private key")
}

/// The parameters of a URL.
pub(crate) fn params(url: &Url) -> Params {
    url.query_pairs().into_owned().collect()
}

pub(crate) fn ok(json: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json)
}

/// The token endpoint says no.
pub(crate) fn refusal(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": error }))
}

pub(crate) async fn serve(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(path(at)).respond_with(answer).mount(server).await;
}

/// An error in all its forms, which show no secret.
#[track_caller]
pub(crate) fn shown(error: &(impl std::error::Error + ?Sized)) -> String {
    crate::support::assert_no_secrets(&format!("{error} {error:?} {error:#?}"));
    error.to_string()
}
