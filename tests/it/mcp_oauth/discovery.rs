//! Metadata that is wrong, redirects, is too large, or never ends.

use std::{net::SocketAddr, time::Duration};

use mcp_http::UnauthorizedReason;
use mcp_oauth::Error;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time,
};
use wiremock::{MockServer, ResponseTemplate};

use super::support::{OAuthMocks, error_text, json_response, mount};
use crate::support::{advance_time, advance_until};

/// The error of a sign-in that cannot begin. URLs are replaced by names.
async fn begin_error(mocks: &OAuthMocks) -> String {
    let error = mocks.begin(&mocks.application()).await.expect_err("it does not begin");
    assert_eq!(mocks.request_count("/register").await, 0);
    let text = error_text(&error).replace(&mocks.resource.uri(), "[server]");
    text.replace(&mocks.issuer.uri(), "[issuer]")
}

#[tokio::test]
async fn metadata_of_another_resource_is_rejected() {
    // AUTH-14: resource mismatch
    for resource in ["https://evil.example/mcp", "mcp", "http://127.0.0.1:1/mcp"] {
        let mocks = OAuthMocks::with_metadata(|it| it.resource["resource"] = resource.into()).await;
        let text = begin_error(&mocks).await;
        let named = if resource == "mcp" { "an invalid URL" } else { resource };
        let named = format!("its metadata names resource \"{named}\", expected \"[server]/mcp\"");
        assert!(text.ends_with(&named), "{text}");
        assert_eq!(mocks.issuer.received_requests().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_rejected() {
    // AUTH-19, N-AUTH-03: compared as strings, except for the slash at the root
    let edits: [fn(&str) -> String; 4] = [
        |_| "https://evil.example".to_owned(),
        |own| own.replace("http:", "HTTP:"),
        |own| format!("{own}//"),
        |own| format!("{own}/tenant"),
    ];
    for edit in edits {
        let mocks = OAuthMocks::with_metadata(|it| {
            let own = it.issuer["issuer"].as_str().expect("a URL");
            it.issuer["issuer"] = edit(own).into();
        })
        .await;
        let text = begin_error(&mocks).await;
        let named = edit(&mocks.issuer.uri()).replace(&mocks.issuer.uri(), "[issuer]");
        let reason = format!("its metadata names issuer \"{named}\", expected \"[issuer]\";");
        assert!(text.contains(&reason) && text.contains("dangerously_accept_issuer"), "{text}");
    }
}

#[tokio::test]
async fn slash_at_the_root_of_an_issuer_makes_no_difference() {
    for (listed, own, callback) in
        [("/", "", ""), ("", "/", ""), ("/", "", "/"), ("", "/", "/"), ("/", "/", "/")]
    {
        let mocks = OAuthMocks::with_metadata(|it| {
            let issuer = it.issuer["issuer"].as_str().expect("a URL").to_owned();
            it.resource["authorization_servers"] = json!([format!("{issuer}{listed}")]);
            it.issuer["issuer"] = format!("{issuer}{own}").into();
        })
        .await;
        let application = mocks.application();
        let sign_in = mocks.begin(&application).await.unwrap();
        // The issuer is the last parameter. It is spelled as in one of the documents.
        let redirected = mocks.callback(&sign_in) + &callback.replace('/', "%2F");
        application.complete_sign_in(sign_in.pending, &redirected).await.unwrap();
        // The refresh token belongs to the same issuer.
        let unauthorized = mocks.unauthorized(UnauthorizedReason::Rejected, "Bearer");
        let (user, old) = (application.user("ann"), Some("5ecret-access-0"));
        let token = mocks.token_after_rejection(&user, old, &unauthorized).await.unwrap();
        assert_eq!(token.as_deref(), Some("5ecret-access-1"), "{listed} {own} {callback}");
    }
}

#[tokio::test]
async fn metadata_is_read_from_the_url_of_the_challenge() {
    // AUTH-08, AUTH-10, AUTH-11
    let mocks = OAuthMocks::start().await;
    let other_metadata = json!({
        "resource": mocks.endpoint().url().as_str(),
        "authorization_servers": [mocks.issuer.uri()],
        "scopes_supported": ["elsewhere"],
    });
    mount(&mocks.resource, "/elsewhere", json_response(&other_metadata)).await;
    let challenge = |path: &str| {
        let challenge = format!("Bearer resource_metadata=\"{}{path}\"", mocks.resource.uri());
        mocks.unauthorized(UnauthorizedReason::Missing, &challenge)
    };
    let begin = async |path: &str| {
        let user = mocks.application().user("ann");
        user.begin_sign_in(&mocks.endpoint(), Some(&challenge(path))).await
    };
    let sign_in = begin("/elsewhere").await.unwrap();
    assert_eq!(super::support::query_params(&sign_in.authorization_url)["scope"], "elsewhere");
    // If the named metadata is missing, the well-known location is used.
    let sign_in = begin("/nowhere").await.unwrap();
    assert_eq!(super::support::query_params(&sign_in.authorization_url)["scope"], "read");
    // If there is none, the error is about the named metadata.
    mocks.resource.reset().await;
    let error = begin("/nowhere").await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    assert!(error_text(&error).contains("/nowhere cannot be trusted"), "{error}");
}

#[tokio::test]
async fn metadata_redirects_to_another_origin_are_not_followed() {
    // AUTH-43: metadata from another origin
    let evil = MockServer::start().await;
    mount(&evil, "/metadata", json_response(&json!({ "issuer": evil.uri() }))).await;
    let mocks = OAuthMocks::start().await;
    for server in [&mocks.resource, &mocks.issuer] {
        server.reset().await;
    }
    let redirect = format!("{}/metadata", evil.uri());
    for status in [301, 302, 303, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("location", &*redirect);
        mount(&mocks.resource, "/.well-known/oauth-protected-resource/mcp", redirect).await;
        assert_no_sign_in(&mocks).await;
        mocks.resource.reset().await;
    }
    assert_eq!(evil.received_requests().await.unwrap().len(), 0);
}

/// Without metadata, the server is its own authorization server. It registers no clients here.
async fn assert_no_sign_in(mocks: &OAuthMocks) {
    let error = mocks.begin(&mocks.application()).await.expect_err("it does not begin");
    assert!(matches!(error, Error::SignInUnavailable { .. }), "{error}");
}

#[tokio::test]
async fn metadata_redirects_within_an_origin_are_limited() {
    let mocks = OAuthMocks::start().await;
    let document = json!({
        "resource": mocks.endpoint().url().as_str(),
        "authorization_servers": [mocks.issuer.uri()],
    });
    let path = "/.well-known/oauth-protected-resource/mcp";
    mocks.resource.reset().await;
    let to = |location: &str| ResponseTemplate::new(308).insert_header("location", location);
    mount(&mocks.resource, path, to("/slash/")).await;
    mount(&mocks.resource, "/slash/", json_response(&document)).await;
    mocks.begin(&mocks.application()).await.unwrap();
    mocks.resource.reset().await;
    mount(&mocks.resource, path, to(path)).await;
    let before = mocks.request_count("/authorize").await;
    assert_no_sign_in(&mocks).await;
    assert_eq!(mocks.request_count("/authorize").await, before);
    let requests = mocks.resource.received_requests().await.unwrap();
    assert_eq!(requests.iter().filter(|it| it.url.path() == path).count(), 4);
}

#[tokio::test]
async fn metadata_of_10_mb_is_not_read() {
    let mocks =
        OAuthMocks::with_metadata(|it| it.issuer["padding"] = "x".repeat(10_000_000).into()).await;
    let error = mocks.begin(&mocks.application()).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }));
    assert!(error_text(&error).ends_with("sent a message of more than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn metadata_that_never_arrives_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    assert_times_out(silent.local_addr().unwrap()).await;
}

#[tokio::test]
async fn metadata_that_arrives_slowly_times_out() {
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = slow.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = slow.accept().await.unwrap();
        stream.read_buf(&mut Vec::new()).await.unwrap();
        let mut part = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        let mut ticks = time::interval(Duration::from_secs(1));
        while stream.write_all(part.as_bytes()).await.is_ok() {
            ticks.tick().await;
            part = " ";
        }
    });
    assert_times_out(address).await;
}

async fn assert_times_out(server: SocketAddr) {
    let issuer = format!("http://{server}");
    let mocks =
        OAuthMocks::with_metadata(|it| it.resource["authorization_servers"] = json!([issuer]))
            .await;
    let application = mocks.application();
    let (outcome, time) = advance_until(mocks.begin(&application)).await;
    let error = outcome.expect_err("it does not begin");
    assert!(error.is_temporary(), "{error}");
    assert!(error_text(&error).starts_with("request to http://127.0.0.1:"), "{error}");
    assert!((5..15).contains(&time.as_secs()), "{time:?}");
}

#[tokio::test]
async fn temporary_metadata_failure_does_not_count_as_missing() {
    for status in [429, 500, 503] {
        let mocks = OAuthMocks::start().await;
        mocks.resource.reset().await;
        let path = "/.well-known/oauth-protected-resource/mcp";
        mount(&mocks.resource, path, ResponseTemplate::new(status)).await;
        let error = mocks.begin(&mocks.application()).await.unwrap_err();
        assert!(error.is_temporary(), "{status}: {error:?}");
        // The other location was tried as well.
        assert_eq!(mocks.resource.received_requests().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn authorization_server_metadata_is_fetched_again_after_ten_minutes() {
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    let path = "/.well-known/oauth-authorization-server";
    for (minutes, fetched) in [(0, 1), (9, 1), (1, 2), (9, 2)] {
        advance_time(Duration::from_secs(minutes * 60)).await;
        mocks.begin(&application).await.unwrap();
        assert_eq!(mocks.request_count(path).await, fetched, "after {minutes} more minutes");
    }
}

#[tokio::test]
async fn issuer_with_a_query_is_rejected() {
    // RFC 8414, section 2
    let other = MockServer::start().await;
    let issuer = format!("{}/?a=b", other.uri());
    let mocks =
        OAuthMocks::with_metadata(|it| it.resource["authorization_servers"] = json!([issuer]))
            .await;
    mocks.begin(&mocks.application()).await.unwrap_err();
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}
