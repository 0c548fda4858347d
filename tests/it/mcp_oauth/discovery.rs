//! Metadata that lies, leads elsewhere, is too large, or never ends.

use std::{net::SocketAddr, time::Duration};

use mcp_http::Reason;
use mcp_oauth::Error;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time,
};
use wiremock::{MockServer, ResponseTemplate};

use super::support::{World, ok, serve, shown};
use crate::support::advance_until;

/// Why no sign-in begins, with names for the servers.
async fn refused(world: &World) -> String {
    let error = world.begin(&world.application()).await.expect_err("it does not begin");
    assert_eq!(world.asked("/register").await, 0);
    let text = shown(&error).replace(&world.resource.uri(), "[server]");
    text.replace(&world.issuer.uri(), "[issuer]")
}

#[tokio::test]
async fn metadata_of_another_resource_is_rejected() {
    // AUTH-14: resource mismatch
    for resource in ["https://evil.example/mcp", "mcp", "http://127.0.0.1:1/mcp"] {
        let world = World::with(|it| it.resource["resource"] = resource.into()).await;
        let text = refused(&world).await;
        assert!(text.ends_with("is the metadata of another resource than [server]/mcp"), "{text}");
        assert_eq!(world.issuer.received_requests().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_rejected() {
    // AUTH-19, N-AUTH-03: compared as strings
    let world = World::start().await;
    let own = world.issuer.uri();
    let upper = own.replace("http:", "HTTP:");
    for issuer in ["https://evil.example".to_owned(), format!("{own}/"), upper] {
        let world = World::with(|it| it.issuer["issuer"] = issuer.clone().into()).await;
        let text = refused(&world).await;
        assert!(
            text.ends_with("cannot be trusted: it is the metadata of another issuer"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn metadata_is_read_from_the_url_of_the_challenge() {
    // AUTH-08, AUTH-10, AUTH-11
    let world = World::start().await;
    let elsewhere = json!({
        "resource": world.endpoint().url().as_str(),
        "authorization_servers": [world.issuer.uri()],
        "scopes_supported": ["elsewhere"],
    });
    serve(&world.resource, "/elsewhere", ok(&elsewhere)).await;
    let challenge = |path: &str| {
        let challenge = format!("Bearer resource_metadata=\"{}{path}\"", world.resource.uri());
        world.unauthorized(Reason::Missing, &challenge)
    };
    let begin = async |path: &str| {
        let user = world.application().user("ann");
        user.begin(&world.endpoint(), Some(&challenge(path))).await
    };
    let sign_in = begin("/elsewhere").await.unwrap();
    assert_eq!(super::support::params(&sign_in.authorization_url)["scope"], "elsewhere");
    // What it says is not there is not looked for anywhere else.
    let before = world.resource.received_requests().await.unwrap().len();
    let error = begin("/nowhere").await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    assert_eq!(world.resource.received_requests().await.unwrap().len(), before + 1);
}

#[tokio::test]
async fn metadata_redirects_to_another_origin_are_not_followed() {
    // AUTH-43: metadata from another origin
    let evil = MockServer::start().await;
    serve(&evil, "/metadata", ok(&json!({ "issuer": evil.uri() }))).await;
    let world = World::start().await;
    for server in [&world.resource, &world.issuer] {
        server.reset().await;
    }
    let away = format!("{}/metadata", evil.uri());
    for status in [301, 302, 303, 307, 308] {
        let away = ResponseTemplate::new(status).insert_header("location", &*away);
        serve(&world.resource, "/.well-known/oauth-protected-resource/mcp", away).await;
        refused_after_redirect(&world).await;
        world.resource.reset().await;
    }
    assert_eq!(evil.received_requests().await.unwrap().len(), 0);
}

/// Without metadata, the server is its own authorization server, which registers nobody here.
async fn refused_after_redirect(world: &World) {
    let error = world.begin(&world.application()).await.expect_err("it does not begin");
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn metadata_redirects_within_an_origin_are_limited() {
    let world = World::start().await;
    let document = json!({
        "resource": world.endpoint().url().as_str(),
        "authorization_servers": [world.issuer.uri()],
    });
    let path = "/.well-known/oauth-protected-resource/mcp";
    world.resource.reset().await;
    let to = |location: &str| ResponseTemplate::new(308).insert_header("location", location);
    serve(&world.resource, path, to("/slash/")).await;
    serve(&world.resource, "/slash/", ok(&document)).await;
    world.begin(&world.application()).await.unwrap();
    world.resource.reset().await;
    serve(&world.resource, path, to(path)).await;
    let before = world.asked("/authorize").await;
    refused_after_redirect(&world).await;
    assert_eq!(world.asked("/authorize").await, before);
    let asked = world.resource.received_requests().await.unwrap();
    assert_eq!(asked.iter().filter(|it| it.url.path() == path).count(), 4);
}

#[tokio::test]
async fn metadata_of_10_mb_is_not_read() {
    let world = World::with(|it| it.issuer["padding"] = "x".repeat(10_000_000).into()).await;
    let error = world.begin(&world.application()).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }));
    assert!(shown(&error).ends_with("sent a message of more than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn metadata_that_never_arrives_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    check_not_waited_for(silent.local_addr().unwrap()).await;
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
    check_not_waited_for(address).await;
}

async fn check_not_waited_for(server: SocketAddr) {
    let issuer = format!("http://{server}");
    let world = World::with(|it| it.resource["authorization_servers"] = json!([issuer])).await;
    let application = world.application();
    let (outcome, time) = advance_until(world.begin(&application)).await;
    let error = outcome.expect_err("it does not begin");
    assert!(error.is_temporary(), "{error}");
    assert!(shown(&error).starts_with("cannot reach http://127.0.0.1:"), "{error}");
    assert!((5..15).contains(&time.as_secs()), "{time:?}");
}

#[tokio::test]
async fn temporary_metadata_failure_does_not_count_as_missing() {
    for status in [429, 500, 503] {
        let world = World::start().await;
        world.resource.reset().await;
        let path = "/.well-known/oauth-protected-resource/mcp";
        serve(&world.resource, path, ResponseTemplate::new(status)).await;
        let error = world.begin(&world.application()).await.unwrap_err();
        assert!(error.is_temporary(), "{status}: {error:?}");
        assert_eq!(world.resource.received_requests().await.unwrap().len(), 1);
    }
}
