//! A mocked MCP server and a mocked authorization server.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_http::{
    AccessToken, Challenge, Endpoint, RejectedToken, TokenRequest, TokenSource, Unauthorized,
    UnauthorizedReason, mcp_client::BoxError,
};
use mcp_oauth::{
    Credentials, Error, MemoryStore, OAuthClient, OAuthClientBuilder, OAuthSettings, SignIn,
    SigningKey,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path},
};

/// The form of a request, or the query of a URL.
pub(crate) type FormParams = BTreeMap<String, String>;

/// Two mock servers, and the credential store of the application.
pub(crate) struct OAuthMocks {
    pub(crate) resource: MockServer,
    pub(crate) issuer: MockServer,
    pub(crate) store: MemoryStore,
}

/// The metadata of the servers.
pub(crate) struct MetadataDocuments {
    pub(crate) resource: Value,
    pub(crate) issuer: Value,
}

/// Responds with numbered tokens of this lifetime.
struct NumberedTokens(AtomicUsize, Option<u64>);

impl Respond for NumberedTokens {
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

impl OAuthMocks {
    /// Starts servers on which every request succeeds.
    pub(crate) async fn start() -> Self {
        Self::with_metadata(|_| {}).await
    }

    /// Starts servers whose metadata is changed by `edit`.
    pub(crate) async fn with_metadata(edit: impl FnOnce(&mut MetadataDocuments)) -> Self {
        Self::with_token_lifetime(Some(3600), edit).await
    }

    /// Like [`with_metadata`](Self::with_metadata), with access tokens of this lifetime.
    pub(crate) async fn with_token_lifetime(
        lifetime: Option<u64>,
        edit: impl FnOnce(&mut MetadataDocuments),
    ) -> Self {
        let (resource, issuer) = (MockServer::start().await, MockServer::start().await);
        let mocks = Self { resource, issuer, store: MemoryStore::new() };
        let mut documents = mocks.documents();
        edit(&mut documents);
        let path = "/.well-known/oauth-protected-resource/mcp";
        mount(&mocks.resource, path, json_response(&documents.resource)).await;
        let path = "/.well-known/oauth-authorization-server";
        mount(&mocks.issuer, path, json_response(&documents.issuer)).await;
        let registered = json!({ "client_id": "registered", "client_secret": "5ecret-client" });
        mount(&mocks.issuer, "/register", json_response(&registered)).await;
        let tokens = NumberedTokens(AtomicUsize::new(0), lifetime);
        Mock::given(method("POST"))
            .and(wiremock::matchers::path("/token"))
            .respond_with(tokens)
            .mount(&mocks.issuer)
            .await;
        mocks
    }

    fn documents(&self) -> MetadataDocuments {
        let issuer = self.issuer.uri();
        MetadataDocuments {
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

    /// Sets the next response of the token endpoint. Later responses succeed again.
    pub(crate) async fn respond_once(&self, response: impl Respond + 'static) {
        self.respond_times(1, response).await;
    }

    /// Sets the next responses of the token endpoint. Later responses succeed again.
    pub(crate) async fn respond_times(&self, times: u64, response: impl Respond + 'static) {
        let mock = Mock::given(path("/token")).respond_with(response);
        mock.up_to_n_times(times).with_priority(1).mount(&self.issuer).await;
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&format!("{}/mcp", self.resource.uri())).expect("a usable URL")
    }

    /// The builder of an application's `OAuthClient` with the store.
    pub(crate) fn builder(&self) -> OAuthClientBuilder {
        OAuthClient::builder("Tests", "http://127.0.0.1:9/callback").store(self.store.clone())
    }

    /// The `OAuthClient` of an application.
    pub(crate) fn application(&self) -> OAuthClient {
        self.builder().build().expect("usable settings")
    }

    /// The `OAuthClient` of an application with these settings of the MCP server.
    pub(crate) fn application_with(&self, settings: OAuthSettings) -> OAuthClient {
        let server = self.endpoint();
        let builder = self.builder().server_settings(server.url().as_str(), settings);
        builder.build().expect("usable settings")
    }

    /// The error of a request to the MCP server with this challenge.
    pub(crate) fn unauthorized(&self, reason: UnauthorizedReason, challenge: &str) -> Unauthorized {
        Unauthorized::new(self.endpoint(), reason, Challenge::parse(challenge))
    }

    /// Begins a sign-in of Ann.
    pub(crate) async fn begin(&self, application: &OAuthClient) -> Result<SignIn, Error> {
        application.user("ann").begin_sign_in(&self.endpoint(), None).await
    }

    /// Signs Ann in.
    pub(crate) async fn sign_in(&self, application: &OAuthClient) -> Credentials {
        let sign_in = self.begin(application).await.expect("the sign-in begins");
        let callback = self.callback(&sign_in);
        application.complete_sign_in(sign_in.pending, &callback).await.expect("it completes")
    }

    /// The callback URL to which the authorization server redirects.
    pub(crate) fn callback(&self, sign_in: &SignIn) -> String {
        let sent = query_params(&sign_in.authorization_url);
        let mut url = Url::parse(&sent["redirect_uri"]).expect("a URL");
        url.query_pairs_mut()
            .append_pair("code", "5ecret-code")
            .append_pair("state", &sent["state"])
            .append_pair("iss", &self.issuer.uri());
        url.into()
    }

    /// The forms that were posted to the token endpoint.
    pub(crate) async fn token_requests(&self) -> Vec<FormParams> {
        let requests = self.issuer.received_requests().await.expect("requests are recorded");
        let posted = requests.iter().filter(|it| it.url.path() == "/token");
        posted.map(|it| form_urlencoded::parse(&it.body).into_owned().collect()).collect()
    }

    /// The number of requests for a path of the authorization server.
    pub(crate) async fn request_count(&self, path: &str) -> usize {
        let requests = self.issuer.received_requests().await.expect("requests are recorded");
        requests.iter().filter(|it| it.url.path() == path).count()
    }

    /// The token for a request.
    pub(crate) async fn token(
        &self,
        source: &impl TokenSource,
    ) -> Result<Option<String>, BoxError> {
        let token = source.token(TokenRequest::new(&self.endpoint())).await?;
        Ok(token.map(|token| token.expose().to_owned()))
    }

    /// The token after the server has rejected the token `rejected`.
    pub(crate) async fn token_after_rejection(
        &self,
        source: &impl TokenSource,
        rejected: Option<&str>,
        unauthorized: &Unauthorized,
    ) -> Result<Option<String>, BoxError> {
        let rejected = rejected.map(AccessToken::new);
        let endpoint = self.endpoint();
        let rejected = RejectedToken::new(rejected.as_ref(), unauthorized);
        let token = source.token(TokenRequest::new(&endpoint).with_rejected(rejected)).await?;
        Ok(token.map(|token| token.expose().to_owned()))
    }
}

/// A private key on P-256, read from PEM.
pub(crate) fn signing_key() -> SigningKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("random numbers");
    let der = STANDARD.encode(pair.to_pkcs8v1().expect("a private key").as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    SigningKey::from_pem(&pem).expect("a private key")
}

/// The query parameters of a URL.
pub(crate) fn query_params(url: &Url) -> FormParams {
    url.query_pairs().into_owned().collect()
}

/// A response with this JSON.
pub(crate) fn json_response(json: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json)
}

/// An error response of the token endpoint.
pub(crate) fn token_error(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": error }))
}

/// Makes a server respond to requests for a path.
pub(crate) async fn mount(server: &MockServer, at: &str, response: ResponseTemplate) {
    Mock::given(path(at)).respond_with(response).mount(server).await;
}

/// The error of `mcp-oauth` behind the error of a token source.
pub(crate) fn oauth_error(error: &BoxError) -> &Error {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return found;
        }
        next = error.source();
    }
    panic!("no error of mcp-oauth: {error:?}")
}

/// The message of an error. Panics if any form of the error contains a secret.
#[track_caller]
pub(crate) fn error_text(error: &(impl std::error::Error + ?Sized)) -> String {
    crate::support::assert_no_secrets(&format!("{error} {error:?} {error:#?}"));
    error.to_string()
}
