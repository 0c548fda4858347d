//! Server-side request forgery: metadata URLs that point into private networks.

use std::{fs, time::Duration};

use futures_util::FutureExt;
use mcp_http::{Endpoint, HttpClient, TokenRequest, TokenSource};
use mcp_oauth::{Error, OAuthSettings, Settings};
use serde_json::json;
use tokio::{net::TcpListener, time};

use super::support::{OAuthMocks, error_text, json_response, mount};
use crate::support::{CertificateAuthority, TcpProxy};

/// The end of the error for a host on a private network.
const ALLOW_HOSTS: &str = "\"allow_hosts\" in the settings of the server allows its host";

#[tokio::test]
async fn metadata_cannot_point_to_private_networks() {
    // AUTH-20, AUTH-33, AUTH-42, AUTH-43, AUTH-44: server-side request forgery by metadata
    for inside in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254",
        "https://10.0.0.1",
        "https://[fd00::1]",
        "https://[::ffff:10.0.0.1]",
        "https://0x0a000001",
        "http://intranet.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:5ecret@login.example",
    ] {
        let edits = ["authorization_servers", "authorization_endpoint", "token_endpoint"];
        for name in edits.into_iter().chain(["registration_endpoint"]) {
            let mocks = OAuthMocks::with_metadata(|it| match name {
                "authorization_servers" => it.resource[name] = json!([inside]),
                _ => it.issuer[name] = inside.into(),
            })
            .await;
            let error = mocks.begin(&mocks.application()).await.unwrap_err();
            assert!(matches!(error, Error::Untrusted { .. }), "{name} {inside}: {error:?}");
            error_text(&error);
            assert_eq!(mocks.token_requests().await.len(), 0);
        }
    }
}

#[tokio::test]
async fn host_names_of_private_addresses_are_rejected() {
    // AUTH-43: the address of the name is checked, and is the one connected to
    let hostname = fs::read_to_string("/etc/hostname").unwrap_or_default();
    for name in ["localhost.", "api.localhost", hostname.trim()] {
        // Which of these names exist depends on the machine. The last one nearly always does.
        let Ok(inside) = TcpListener::bind((name, 0)).await else { continue };
        let port = inside.local_addr().unwrap().port();
        let issuer = format!("https://{name}:{port}");
        let mocks = OAuthMocks::with_metadata(|it| {
            it.resource["authorization_servers"] = json!([issuer]);
        })
        .await;
        let error = mocks.begin(&mocks.application()).await.unwrap_err();
        assert!(error_text(&error).ends_with(ALLOW_HOSTS), "{error:?}");
        assert!(inside.accept().now_or_never().is_none(), "{name}");
        // A host that the application names is connected to: that of the issuer or of the server.
        let server = Endpoint::parse(&format!("{issuer}/mcp")).unwrap();
        let named = mocks.application_with(OAuthSettings::new().allow_hosts([name]));
        for (application, server) in [(named, mocks.endpoint()), (mocks.application(), server)] {
            let user = application.user("ann");
            let begin = user.begin_sign_in(&server, None);
            let connected = async { drop(inside.accept().await.unwrap()) };
            let both =
                time::timeout(Duration::from_secs(5), async { tokio::join!(begin, connected) });
            let (sign_in, ()) = both.await.expect("the host is connected to");
            error_text(&sign_in.unwrap_err());
        }
    }
}

#[tokio::test]
async fn hosts_and_plain_http_are_allowed_for_one_server() {
    // Connections to this address arrive on this machine, although it is no loopback address.
    let remote = |url: &str| url.replace("127.0.0.1", "0.0.0.0");
    let start = || {
        OAuthMocks::with_token_lifetime(Some(0), |it| {
            let resource = it.resource["resource"].as_str().unwrap();
            it.resource["resource"] = remote(resource).into();
        })
    };
    let (mocks, other) = (start().await, start().await);
    let endpoint_of =
        |mocks: &OAuthMocks| Endpoint::parse(&remote(mocks.endpoint().url().as_str())).unwrap();
    let endpoint = endpoint_of(&mocks);
    let application = |settings: OAuthSettings| {
        let builder = mocks.builder().server_settings(endpoint.url().as_str(), settings);
        builder.build().unwrap()
    };
    let new = OAuthSettings::new;
    for (settings, missing) in [
        (new(), "dangerously_allow_insecure_http"),
        (new().allow_hosts(["127.0.0.1"]), "dangerously_allow_insecure_http"),
        (new().dangerously_allow_insecure_http(true), "allow_hosts"),
    ] {
        let user = application(settings).user("ann");
        let error = user.begin_sign_in(&endpoint, None).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
        assert!(error_text(&error).contains(missing), "{error}");
    }
    let settings = new().dangerously_allow_insecure_http(true).allow_hosts(["127.0.0.1"]);
    let application = application(settings);
    let user = application.user("ann");
    let sign_in = user.begin_sign_in(&endpoint, None).await.unwrap();
    let callback = mocks.callback(&sign_in);
    application.complete_sign_in(sign_in.pending, &callback).await.unwrap();
    user.token(TokenRequest::new(&endpoint)).await.unwrap().expect("a refreshed token");
    assert_eq!(mocks.token_requests().await.len(), 2);
    let error = user.begin_sign_in(&endpoint_of(&other), None).await.unwrap_err();
    assert!(error_text(&error).contains("dangerously_allow_insecure_http"), "{error}");
}

#[tokio::test]
async fn filtered_addresses_are_not_connected_to() {
    // AUTH-43: the address of a name is also checked by the application's own filter
    let mocks = OAuthMocks::start().await;
    let http = HttpClient::builder().address_filter(|_, _| false);
    let application = mocks.builder().settings(Settings::new().http_client(http)).build().unwrap();
    let error = mocks.begin(&application).await.unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    assert!(error_text(&error).ends_with(ALLOW_HOSTS), "{error}");
    assert_eq!(mocks.resource.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn server_on_another_machine_cannot_name_urls_on_this_one() {
    // AUTH-43: the issuer of a public server, and the endpoints of a public issuer
    let remote = "https://mcp.invalid";
    for name in ["authorization_servers", "token_endpoint", "registration_endpoint"] {
        let mocks = OAuthMocks::with_metadata(|it| {
            it.resource["resource"] = format!("{remote}/mcp").into();
            if name != "authorization_servers" {
                it.resource["authorization_servers"] = json!([remote]);
            }
        })
        .await;
        let inside = mocks.issuer.uri();
        let mut document = json!({
            "issuer": remote,
            "authorization_endpoint": format!("{remote}/authorize"),
            "token_endpoint": format!("{remote}/token"),
            "registration_endpoint": format!("{remote}/register"),
            "code_challenge_methods_supported": ["S256"],
        });
        document[name] = format!("{inside}/inside").into();
        let path = "/.well-known/oauth-authorization-server";
        mount(&mocks.resource, path, json_response(&document)).await;
        let registered = json_response(&json!({ "client_id": "registered" }));
        mount(&mocks.resource, "/register", registered).await;
        let authority = CertificateAuthority::new();
        let (_tls, proxy) = TcpProxy::start_connect(&mocks.resource.uri(), &authority).await;
        let http = HttpClient::builder().proxy(proxy).root_certificates(authority.pem());
        let settings = Settings::new().http_client(http);
        let application = mocks.builder().settings(settings).build().unwrap();
        let server = Endpoint::parse(&format!("{remote}/mcp")).unwrap();
        let error = application.user("ann").begin_sign_in(&server, None).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{name}: {error:?}");
        assert!(error_text(&error).contains(&inside), "{name}: {error}");
        assert!(!mocks.resource.received_requests().await.unwrap().is_empty(), "{name}");
        assert_eq!(mocks.issuer.received_requests().await.unwrap().len(), 0, "{name}");
    }
}
