//! Requests that are not MCP messages, and the address filter.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::Request;
use mcp_http::{AddressBlocked, Error, HttpClient};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

async fn start_server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

fn get_request(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("a usable URL")
}

#[tokio::test]
async fn response_body_is_read_up_to_the_limit() {
    let redirect = ResponseTemplate::new(302).insert_header("location", "/other");
    let server = start_server(redirect.set_body_string("12345")).await;
    let client = HttpClient::new().unwrap();
    let response = client.fetch(get_request(&server.uri()), 5).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (302, &b"12345"[..]));
    let too_large = client.fetch(get_request(&server.uri()), 4).await;
    assert!(matches!(too_large, Err(Error::TooLarge { limit: 4, .. })), "{too_large:?}");
    let insecure = client.fetch(get_request("http://example.com/"), 5).await;
    assert!(matches!(insecure, Err(Error::InsecureHttp { .. })), "{insecure:?}");
}

#[tokio::test]
async fn address_filter_sees_every_address_and_blocks_connections() {
    // AUTH-43
    let server = start_server(ResponseTemplate::new(200)).await;
    let by_name = server.uri().replace("127.0.0.1", "localhost");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let filter = move |host: &str, address: IpAddr| {
        recorded.lock().unwrap().push((host.to_owned(), address));
        false
    };
    let client = HttpClient::builder().address_filter(filter).address_filter(|_, _| true);
    let client = client.build().unwrap();
    for url in [&server.uri(), &by_name] {
        let refused = client.fetch(get_request(url), 5).await.unwrap_err();
        assert!(matches!(refused, Error::Unreachable { .. }), "{refused:?}");
        let first: &(dyn std::error::Error + 'static) = &refused;
        let mut causes = std::iter::successors(Some(first), |cause| cause.source());
        assert!(causes.any(<dyn std::error::Error>::is::<AddressBlocked>), "{refused:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], ("127.0.0.1".to_owned(), IpAddr::from([127, 0, 0, 1])));
    assert!(seen[1..].iter().all(|(host, it)| host == "localhost" && it.is_loopback()), "{seen:?}");
    assert!(seen.len() > 1);
}
