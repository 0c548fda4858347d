//! TLS: trusted authorities, client certificates, HTTP/2.

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::{HttpClient, HttpClientBuilder, HttpTransport};

use crate::support::{
    ALICE, CertificateAuthority, TcpProxy, describe_error, describe_result, start_test_server,
    stateful_client,
};

fn client_through(proxy: &TcpProxy, settings: HttpClientBuilder) -> Client {
    let connections = settings.build().expect("usable settings");
    let transport = HttpTransport::builder(proxy.url()).bearer_token(ALICE);
    stateful_client(transport.http_client(connections).build().expect("a usable URL"))
}

#[tokio::test]
async fn only_configured_certificate_authorities_are_trusted() {
    let (authority, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    let server = start_test_server().await;
    let proxy = TcpProxy::start_tls(server.url(), &authority, None).await;
    for settings in [HttpClient::builder(), HttpClient::builder().root_certificates(other.pem())] {
        let shown = describe_result(client_through(&proxy, settings).connect().await);
        assert!(shown.starts_with(&format!("cannot connect to {}\n", proxy.url())), "{shown}");
        assert!(shown.contains("invalid peer certificate"), "{shown}");
        assert!(shown.ends_with("-> Unreachable, did not run"), "{shown}");
    }
    assert_eq!(server.requests().len(), 0);
    let both = other.pem() + &authority.pem();
    for settings in [
        HttpClient::builder().root_certificates(authority.pem()),
        HttpClient::builder().root_certificates(both),
        HttpClient::builder().root_certificates(other.pem()).root_certificates(authority.pem()),
    ] {
        client_through(&proxy, settings).connect().await.unwrap();
    }
}

#[tokio::test]
async fn client_certificate_is_sent_if_the_server_requires_one() {
    let (authority, of_clients) = (CertificateAuthority::new(), CertificateAuthority::new());
    let server = start_test_server().await;
    let proxy = TcpProxy::start_tls(server.url(), &authority, Some(&of_clients)).await;
    let settings = || HttpClient::builder().root_certificates(authority.pem());
    client_through(&proxy, settings()).connect().await.unwrap_err();
    let foreign = settings().identity(authority.identity());
    client_through(&proxy, foreign).connect().await.unwrap_err();
    assert_eq!(server.requests().len(), 0);
    let known = settings().identity(of_clients.identity());
    client_through(&proxy, known).connect().await.unwrap();
}

#[tokio::test]
async fn http2_multiplexes_calls_over_one_connection() {
    let authority = CertificateAuthority::new();
    let server = start_test_server().await;
    let proxy = TcpProxy::start_tls(server.url(), &authority, None).await;
    let client = client_through(&proxy, HttpClient::builder().root_certificates(authority.pem()));
    client.connect().await.unwrap();
    let outcomes = join_all((0..64).map(|_| client.call_tool("wait", ()))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((proxy.connection_count(), server.count("tools/call")), (1, 64));
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn http2_prior_knowledge_works_without_tls() {
    let server = start_test_server().await;
    let calls = async |settings: HttpClientBuilder| {
        let proxy = TcpProxy::start(server.url()).await;
        let client = client_through(&proxy, settings);
        client.connect().await.unwrap();
        let outcomes = join_all((0..8).map(|_| client.call_tool("wait", ()))).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        proxy.connection_count()
    };
    assert_eq!(calls(HttpClient::builder().http2_prior_knowledge(true)).await, 1);
    assert!(calls(HttpClient::builder()).await > 1, "HTTP/1.1 has one call on a connection");
}

#[test]
fn invalid_pem_and_proxy_are_rejected_without_showing_them() {
    let authority = CertificateAuthority::new();
    let broken = "-----BEGIN CERTIFICATE-----\nNWVjcmV0\n-----END CERTIFICATE-----\n";
    let mut shown = String::new();
    for settings in [
        HttpClient::builder().root_certificates("5ecret"),
        HttpClient::builder().root_certificates(broken),
        HttpClient::builder().identity("5ecret"),
        HttpClient::builder().identity(authority.pem()),
        HttpClient::builder().proxy("http://user:5ecret@"),
        HttpClient::builder().proxy("5ecret:5ecret@nowhere:x"),
    ] {
        assert!(!format!("{settings:?}").contains("5ecret"));
        shown += &describe_error(&settings.build().unwrap_err());
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    cannot create an HTTP client
      no certificate in the PEM
    -> ClientBuild
    cannot create an HTTP client
      invalid peer certificate: BadEncoding
    -> ClientBuild
    cannot create an HTTP client
      no private key in the PEM
    -> ClientBuild
    cannot create an HTTP client
      no private key in the PEM
    -> ClientBuild
    cannot create an HTTP client
      builder error
      builder error
      empty host
    -> ClientBuild
    cannot create an HTTP client
      builder error
      builder error
      relative URL without a base
    -> ClientBuild
    ");
}
