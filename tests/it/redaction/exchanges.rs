//! Secrets that belong to an exchange only in part: the session that a response assigns, a rejected
//! token, and a media type in another case.

use std::future::ready;

use futures_util::future::BoxFuture;
use mcp_client::{BoxError, mcp_types::Revision};
use mcp_http::{AccessToken, HttpTransport, TokenRequest, TokenSource};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, header},
};

use super::support::Output;
use crate::support::{client_with_version, with_timeout};

const REJECTED: &str = "rejected-S3cret";
const ACCEPTED: &str = "accepted-T0ken";

/// Returns one token, and another after its rejection.
struct TwoTokens;

impl TokenSource for TwoTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let token = if request.rejected.is_none() { REJECTED } else { ACCEPTED };
        Box::pin(ready(Ok(Some(token.into()))))
    }
}

/// Returns what comes out of a failed call to a server.
async fn output(server: &MockServer, revision: Revision) -> Output {
    let transport = HttpTransport::builder(server.uri()).token_source(TwoTokens).build();
    let client = client_with_version(transport.expect("a usable URL"), revision);
    with_timeout(Output::of(client.list_tools())).await
}

/// Panics if a text contains a secret in any case, or if the error does not show the replacement.
#[track_caller]
fn assert_redacted(output: &Output, secrets: &[&str]) {
    for (form, text) in output.texts() {
        for secret in secrets {
            let is_shown = text.to_lowercase().contains(&secret.to_lowercase());
            assert!(!is_shown, "{form}: {secret:?} is shown: {text}");
        }
    }
    assert!(output.display.contains("****"), "{}", output.display);
}

#[tokio::test]
async fn a_session_id_is_redacted_in_the_response_that_assigns_it() {
    // HTTP-25
    let server = MockServer::start().await;
    let id = "assigned-S3ssion";
    let error =
        format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":-32000,"message":"bad {id}"}}}}"#);
    let json = ResponseTemplate::new(200).set_body_raw(error, "application/json");
    let html = ResponseTemplate::new(200).set_body_raw(format!("bad {id}"), "text/html");
    for response in [json, html] {
        server.reset().await;
        let response = response.insert_header("mcp-session-id", id);
        Mock::given(any()).respond_with(response).mount(&server).await;
        assert_redacted(&output(&server, Revision::V2025_11_25).await, &[id]);
    }
}

#[tokio::test]
async fn a_media_type_is_redacted_before_it_is_lower_case() {
    // AUTH-05
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw("", &format!("Text/{REJECTED}; a=b"));
    Mock::given(any()).respond_with(response).mount(&server).await;
    let output = output(&server, Revision::V2026_07_28).await;
    assert_redacted(&output, &[REJECTED]);
    assert!(output.display.contains("text/****"), "{}", output.display);
}

#[tokio::test]
async fn a_rejected_token_is_redacted_in_the_response_to_the_next() {
    // AUTH-05
    let server = MockServer::start().await;
    let rejected = header("authorization", format!("Bearer {REJECTED}"));
    Mock::given(rejected).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let body = format!("{REJECTED} was replaced by {ACCEPTED}");
    let accepted = header("authorization", format!("Bearer {ACCEPTED}"));
    let response = ResponseTemplate::new(500).set_body_string(body);
    Mock::given(accepted).respond_with(response).mount(&server).await;
    assert_redacted(&output(&server, Revision::V2026_07_28).await, &[REJECTED, ACCEPTED]);
}
