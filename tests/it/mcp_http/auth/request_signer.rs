//! Tokens that require a signature on each request.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mcp_http::{AccessToken, HttpTransport, RequestSigner, mcp_client::BoxError};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{describe_result, stateful_client};

/// Signs each request with a new number. `retries` asks for a second signed request.
struct CountingSigner {
    signed: AtomicUsize,
    retries: bool,
}

impl CountingSigner {
    fn new(retries: bool) -> Arc<Self> {
        Arc::new(Self { signed: AtomicUsize::new(0), retries })
    }
}

impl RequestSigner for CountingSigner {
    fn scheme(&self) -> &'static str {
        "Signed"
    }

    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError> {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let proof = HeaderValue::try_from(format!("{method} {} {number}", url.path()))?;
        Ok(HeaderMap::from_iter([(http::HeaderName::from_static("dpop"), proof)]))
    }

    fn on_response(&self, _: &Url, _: StatusCode, _: &HeaderMap) -> bool {
        self.retries
    }
}

/// Makes a call to a server that responds with `status`. Returns the requests and the result.
async fn call(status: u16, signer: Arc<CountingSigner>) -> (Vec<String>, String) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    let token = AccessToken::with_signer("t0ken", signer);
    let transport = HttpTransport::builder(format!("{}/mcp", server.uri()));
    let transport = transport.bearer_token(token).build().expect("a usable URL");
    let shown = describe_result(stateful_client(transport).call_tool("add", ()).await);
    let requests = server.received_requests().await.expect("requests are recorded");
    let seen = |name: &str, headers: &HeaderMap| headers[name].to_str().expect("text").to_owned();
    let line = |it: &wiremock::Request| {
        format!("{}, {}", seen("authorization", &it.headers), seen("dpop", &it.headers))
    };
    (requests.iter().map(line).collect(), shown)
}

#[tokio::test]
async fn each_request_is_signed_separately() {
    let (seen, _) = call(500, CountingSigner::new(true)).await;
    assert_eq!(seen[0], "Signed t0ken, POST /mcp 0");
    assert!(seen.iter().enumerate().all(|(at, line)| line.ends_with(&at.to_string())), "{seen:?}");
}

#[tokio::test]
async fn rejected_request_is_signed_again_once_if_the_signer_asks() {
    let (seen, shown) = call(401, CountingSigner::new(true)).await;
    assert_eq!(seen, ["Signed t0ken, POST /mcp 0", "Signed t0ken, POST /mcp 1"]);
    assert!(shown.ends_with("-> Unauthorized, did not run"), "{shown}");
    let (seen, _) = call(401, CountingSigner::new(false)).await;
    assert_eq!(seen.len(), 1);
}
